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
    located_at          timestamptz,             -- T2
    qualified_at        timestamptz,             -- T3
    decided_at          timestamptz,             -- T4
    first_dispatched_at timestamptz,             -- T7 of the first unit
    first_en_route_at   timestamptz,             -- T9 of the first unit
    first_on_scene_at   timestamptz,             -- T10 of the first unit
    under_control       boolean,
    under_control_at    timestamptz,             -- T11
    changed_at          timestamptz not null,    -- when the log recorded the last of its events
    completed_at        timestamptz,             -- T13, however it ended
    archived_at         timestamptz,
    no_emergency        text        collate "C", -- what it was instead of an emergency
    duplicate_of        uuid,
    files               jsonb       not null,
    review_cause        text        collate "C", -- why it must be reviewed; nothing where it need not, or has not ended
    reviewed_at         timestamptz,             -- the last time
    review_score        integer,
    findings            jsonb       not null,
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
create index on {schema}.cards (duplicate_of) where duplicate_of is not null;
create index on {schema}.cards (completed_at) where review_cause is not null and reviewed_at is null;
-- What ends, and what is put away, when nobody does it.
create index on {schema}.cards (changed_at) where completed_at is null;
create index on {schema}.cards (changed_at) where completed_at is not null and archived_at is null;
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

-- Cards with the institutions of the police that they were forwarded to.
create table {schema}.forwards (
    card          uuid        not null,
    institution   text        collate "C" not null,
    forwarded_by  text        collate "C" not null,
    stage         text        collate "C" not null,
    forwarded_at  timestamptz not null,
    note          text,                          -- JSON text, sealed
    incident      uuid,
    number        text        collate "C",
    received_at   timestamptz,
    returned_at   timestamptz,
    cause         text,                          -- likewise
    status        text        collate "C",       -- of the incident there, as the card was told
    result        text        collate "C",
    disposition   text        collate "C",
    progressed_at timestamptz,
    ended         boolean     not null,          -- nothing more is expected of the incident
    first_position bigint     not null,          -- of the event that forwarded it
    last_position bigint      not null,
    primary key (card, institution)
) with (fillfactor = 70);

create index on {schema}.forwards (forwarded_at) where stage = 'waiting';
create index on {schema}.forwards (incident) where incident is not null;
create index on {schema}.forwards (card) where stage = 'received' and not ended;
create index on {schema}.forwards (institution, forwarded_at desc);

-- What units are called, as far as the cards need it.
create table {schema}.units (
    id          uuid not null primary key,
    institution text collate "C" not null,
    call_sign   text collate "C" not null,
    kind        text collate "C" not null
);
