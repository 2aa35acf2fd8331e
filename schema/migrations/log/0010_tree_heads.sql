-- Tree heads: what the notary has signed, each an extension of the one before. And the keys that it signs with, each
-- (after the first) vouched for by the one before. docs/PROOFS.md says what is in the notes.
create table {log}.tree_heads (
    size       bigint      not null primary key, -- events below it: the head's position when it was signed
    generation integer     not null,
    root       bytea       not null,
    key_id     bytea       not null,             -- which key signed: first 4 bytes of its hash
    note       text        not null,             -- C2SP tlog-checkpoint, as it left the house
    signed_at  timestamptz not null default now()
);

create table {log}.notary_keys (
    number     integer     not null primary key, -- 1, 2, 3 …; the last one signs
    key_id     bytea       not null unique,
    vkey       text        collate "C" not null, -- public key, C2SP signed-note
    succession text,                             -- note by which the key before vouches for this one
    added_at   timestamptz not null default now()
);

create function {log}.refuse_change_of_proof() returns trigger language plpgsql as $$
begin
    raise exception '{log}.% is append-only: % refused', tg_table_name, tg_op using errcode = 'VN009';
end
$$;

create trigger append_only
    before update or delete or truncate on {log}.tree_heads
    for each statement execute function {log}.refuse_change_of_proof();

create trigger append_only
    before update or delete or truncate on {log}.notary_keys
    for each statement execute function {log}.refuse_change_of_proof();

grant select, insert on {log}.tree_heads to vnr_app;
grant select, insert on {log}.notary_keys to vnr_app;
