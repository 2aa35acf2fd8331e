-- Emergency cards and the units on them, from what the cards say and from what the units report while they are on them.
create table {schema}.cards (
    id                  uuid        not null primary key,
    number              text        collate "C" not null,
    institution         text        collate "C" not null,
    channel             text        collate "C" not null,
    source_system       text        collate "C",
    source_external_id  text        collate "C",
    type_code           text        collate "C",
    priority            text        collate "C",
    source_priority     text,
    alarm_level         integer,
    casualties          integer,
    hazards             jsonb       not null,
    status              text        collate "C" not null,
    territory           text        collate "C",
    address_code        text        collate "C",
    place_text          text,
    latitude_e6         integer,
    longitude_e6        integer,
    uncertainty_m       integer,
    location_source     text        collate "C",
    received_at         timestamptz not null,    -- T0
    answered_at         timestamptz,             -- T1
    qualified_at        timestamptz,             -- T3
    decided_at          timestamptz,             -- T4
    first_dispatched_at timestamptz,             -- T7 of the first unit
    first_en_route_at   timestamptz,             -- T9 of the first unit
    first_on_scene_at   timestamptz,             -- T10 of the first unit
    completed_at        timestamptz,             -- T13
    services            jsonb       not null,    -- service -> when it was notified (T5) and accepted (T6)
    disposition         text        collate "C",
    source_disposition  text,
    incident            uuid,
    recording_ref       text,
    caller              text,                    -- JSON text with sealed personal data
    narrative           text,                    -- likewise
    participants        jsonb       not null,    -- institutions whose units were on it, services that go
    units               integer     not null,    -- that were ever on it
    units_on_scene      integer     not null,    -- of these, that came to the scene
    anomalies           integer     not null,    -- odd times and jumps, of the card and of its units
    card_anomalies      integer     not null,    -- of these, the card's own
    registered_at       timestamptz not null,
    first_position      bigint      not null,
    last_position       bigint      not null,    -- of the card's own events
    version             bigint      not null
) with (fillfactor = 70);

create unique index on {schema}.cards (number);
create index on {schema}.cards (source_system, source_external_id) where source_system is not null;
create index on {schema}.cards (incident) where incident is not null;
create index on {schema}.cards (address_code) where address_code is not null;
-- Lists are paged by (received_at, id), newest first.
create index on {schema}.cards (received_at desc, id desc);
create index on {schema}.cards (status, received_at desc, id desc);
create index on {schema}.cards (source_system, received_at desc, id desc);
create index on {schema}.cards (territory, received_at desc, id desc);
create index on {schema}.cards (institution, received_at desc, id desc);
create index on {schema}.cards using gin (participants);

create table {schema}.card_units (
    card              uuid    not null,
    unit              uuid    not null,
    institution       text    collate "C",
    call_sign         text    collate "C",
    kind              text    collate "C",
    attached_at       timestamptz,               -- T7; of each time the earliest report counts
    acknowledged_at   timestamptz,
    en_route_at       timestamptz,               -- T9
    on_scene_at       timestamptz,               -- T10
    transporting_at   timestamptz,
    at_destination_at timestamptz,
    cleared_at        timestamptz,               -- T12; nothing while it is on the card
    diverted          boolean not null,          -- taken away for another card
    anomalies         integer not null,
    last_position     bigint  not null,
    primary key (card, unit)
) with (fillfactor = 70);

create index on {schema}.card_units (unit, attached_at desc);

-- What units are called, as far as the cards need it.
create table {schema}.units (
    id          uuid not null primary key,
    institution text collate "C" not null,
    call_sign   text collate "C" not null,
    kind        text collate "C" not null
);
