-- In which incidents a plate is, found by the plate alone. The plate itself is not here: a keyed digest of it is, which is of no use
-- without the master key, and which goes when the key is destroyed that the plate is sealed under.
create table {schema}.plates (
    incident       uuid   not null,
    vehicle        uuid   not null,  -- id of the involvement
    digest         bytea  not null,
    sealed_under   uuid   not null,  -- the key
    first_position bigint not null,
    primary key (incident, vehicle)
);

create index on {schema}.plates (digest, first_position desc);
create index on {schema}.plates (sealed_under);
