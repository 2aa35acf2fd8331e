-- What those who go to an address, meet a person or stop a vehicle must know. Who a person is, plates and texts are sealed.
create table {schema}.cautions (
    id             uuid        not null primary key,
    institution    text        collate "C" not null,
    kind           text        collate "C" not null,
    about          text        collate "C" not null, -- 'address', 'person' or 'vehicle'
    class          text        collate "C",
    territory      text        collate "C",
    address_code   text        collate "C",
    place_text     text,
    latitude_e6    integer,
    longitude_e6   integer,
    subject        uuid,
    identity       text,
    plate          text,
    plate_country  text        collate "C",
    make           text,
    colour         text,
    advice         text,
    incident       uuid,
    registered_at  timestamptz not null,
    expires_at     timestamptz not null,
    lifted_at      timestamptz,
    lifted_because text,
    first_position bigint      not null,
    last_position  bigint      not null,
    version        bigint      not null
) with (fillfactor = 80);

-- What somebody who goes there asks for: of those that are not lifted, by address, by person, by the incident that they are known from.
create index on {schema}.cautions (address_code) where lifted_at is null and address_code is not null;
create index on {schema}.cautions (subject) where lifted_at is null and subject is not null;
create index on {schema}.cautions (incident) where incident is not null;
-- Lists are paged by (registered_at, id), newest first.
create index on {schema}.cautions (registered_at desc, id desc);
create index on {schema}.cautions (institution, registered_at desc, id desc);
