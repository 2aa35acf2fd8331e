-- What made each generation after the first begin: the last place of older ones that is void, and the statement on it,
-- signed by the notary's key. A row without such a statement counts for nothing (docs/PROOFS.md).
alter table {log}.generations
    add column voids_generation integer,
    add column voids_position   bigint,
    add column statement        text,
    add column begun_at         timestamptz not null default now();

create trigger append_only
    before update or delete or truncate on {log}.generations
    for each statement execute function {log}.refuse_change_of_proof();
