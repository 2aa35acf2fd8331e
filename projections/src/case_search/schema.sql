-- Incidents, as a case search needs them. Personal data stays sealed: it is opened for those who may read it, one by one.
create table {schema}.incidents (
    id                 uuid        not null primary key,
    number             text        collate "C" not null,
    legacy_number      text        collate "C",
    institution        text        collate "C" not null, -- who registered it
    responsible        text        collate "C" not null, -- who answers for it
    class              text        collate "C",  -- null: as restricted as any
    channel            text        collate "C" not null,
    type_code          text        collate "C" not null,
    opening_type       text        collate "C" not null,
    category           text        collate "C" not null,
    opening_category   text        collate "C" not null,
    status             text        collate "C" not null,
    territory          text        collate "C",
    address_code       text        collate "C",
    place_text         text,
    latitude_e6        integer,
    longitude_e6       integer,
    uncertainty_m      integer,
    location_source    text        collate "C",
    occurred_from      timestamptz not null,
    occurred_to        timestamptz,
    registered_at      timestamptz not null,
    received_at        timestamptz,
    respond_by         timestamptz,
    first_respond_by   timestamptz,
    assigned_unit      uuid,
    assigned_officer   text,
    result_code        text        collate "C",
    case_refs          jsonb       not null,
    disposition        text        collate "C",
    closing_type       text        collate "C",
    closed_at          timestamptz,
    annulment_requested boolean    not null,
    merged_into        uuid,
    split_from         uuid,
    forwarded_by       text        collate "C",
    recording_ref      text,
    offered_to         text        collate "C",  -- while an offer waits
    transfer           uuid,                     -- likewise
    transfer_deadline  timestamptz,              -- likewise
    card               uuid,
    source_system      text        collate "C",
    source_external_id text        collate "C",
    narrative          text,                     -- JSON text with sealed personal data
    reporter           text,                     -- likewise
    participants       jsonb       not null,     -- institutions that take part in it now
    taking_part        jsonb       not null,     -- of these, those that do for ever
    type_class         text        collate "C",  -- what `class` is the most of, with minors and protected persons
    restriction        text        collate "C",
    guarded            jsonb       not null,
    first_position     bigint      not null,
    last_position      bigint      not null,
    version            bigint      not null,
    place_words        tsvector    generated always as (to_tsvector('simple', coalesce(place_text, ''))) stored,
    -- The field of a grid that it lies in, 0.005 degrees high and 0.01 wide: some 560 by 610 metres in Latvia (`grid.rs`).
    field              bigint      generated always as (
        floor(latitude_e6 / 5000.0)::bigint * 100000 + floor(longitude_e6 / 10000.0)::bigint) stored
) with (fillfactor = 85);

create unique index on {schema}.incidents (number);
create index on {schema}.incidents (legacy_number) where legacy_number is not null;
create index on {schema}.incidents (source_system, source_external_id) where source_system is not null;
create index on {schema}.incidents (card) where card is not null;
create index on {schema}.incidents (last_position) where forwarded_by is not null;
-- Lists are paged by (registered_at, id), newest first.
create index on {schema}.incidents (registered_at desc, id desc);
create index on {schema}.incidents (institution, registered_at desc, id desc);
create index on {schema}.incidents (institution, status, registered_at desc, id desc);
create index on {schema}.incidents (responsible, registered_at desc, id desc);
create index on {schema}.incidents (responsible, status, registered_at desc, id desc);
create index on {schema}.incidents (offered_to, registered_at desc, id desc) where offered_to is not null;
create index on {schema}.incidents (merged_into, registered_at, id) where merged_into is not null;
create index on {schema}.incidents (class, registered_at desc, id desc) where class is not null;
create index on {schema}.incidents (territory, registered_at desc, id desc);
create index on {schema}.incidents (address_code, registered_at desc, id desc) where address_code is not null;
-- What happened close by and about the same time.
create index on {schema}.incidents (field, occurred_from) where field is not null;
create index on {schema}.incidents using gin (place_words);
create index on {schema}.incidents using gin (participants);

-- Whose the units are that incidents are given to.
create table {schema}.units (
    id          uuid not null primary key,
    institution text collate "C" not null
);
