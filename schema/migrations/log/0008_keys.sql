-- Keys of personal data, wrapped by a master key that is not in the database.
create table {log}.keys (
    key_id       uuid        not null primary key,
    aggregate_id uuid        not null,           -- the record whose personal data it seals
    master       integer     not null,           -- generation of the master key that wraps it
    wrapped      bytea       not null,           -- nonce, encrypted key, tag (AES-256-GCM; AAD = key id)
    created_at   timestamptz not null
);

create index on {log}.keys (aggregate_id);

grant select, insert on {log}.keys to vnr_app;
