-- In which records something is, found by that thing alone: a vehicle by its plate, a person by their code or phone. What is looked for is not
-- here: a keyed digest of it is, which is of no use without the master key, and which goes when the key is destroyed that the thing is
-- sealed under.
create table {schema}.lookups (
    record         uuid   not null,
    part           uuid   not null,              -- id of the involvement; of a person the data subject
    kind           text   collate "C" not null,  -- plate, personal_code, phone, vin, document
    record_type    text   collate "C" not null,
    digest         bytea  not null,
    sealed_under   uuid   not null,              -- the key
    first_position bigint not null,
    primary key (record, part, kind)
);

create index on {schema}.lookups (kind, digest, first_position desc);
create index on {schema}.lookups (sealed_under);
