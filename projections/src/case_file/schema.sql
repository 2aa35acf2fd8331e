-- What belongs to incidents: who and what takes part, what was done, what they are tied to, where they were transferred, what was seized.
-- What was withdrawn or untied is not here any more; the timeline has it. Columns marked sealed hold JSON text with sealed personal data.

create table {schema}.persons (
    incident               uuid        not null,
    subject                uuid        not null,  -- the data subject
    roles                  jsonb       not null,
    identification         text        collate "C" not null,
    minor                  boolean     not null,
    protections            jsonb       not null,
    age_band               text        collate "C",
    sex                    text        collate "C",
    citizenship            text        collate "C",
    personal_code_verified boolean,
    identity               text        not null,  -- sealed: an object of its fields
    first_position         bigint      not null,
    last_position          bigint      not null,
    primary key (incident, subject)
);

create table {schema}.organisations (
    incident       uuid   not null,
    id             uuid   not null,
    name           text   not null,
    number         text   collate "C",
    roles          jsonb  not null,
    first_position bigint not null,
    last_position  bigint not null,
    primary key (incident, id)
);

create table {schema}.vehicles (
    incident       uuid   not null,
    id             uuid   not null,
    relation       text   collate "C" not null,
    plate          text,                          -- sealed
    plate_country  text   collate "C",
    vin            text,                          -- sealed
    make           text,
    colour         text,
    person         uuid,
    first_position bigint not null,
    last_position  bigint not null,
    primary key (incident, id)
);

create table {schema}.items (
    incident       uuid    not null,
    id             uuid    not null,
    kind           text    collate "C" not null,
    relation       text    collate "C" not null,
    description    text,                          -- sealed
    serial         text,
    quantity       bigint,
    value_cents    bigint,
    person         uuid,
    first_position bigint  not null,
    last_position  bigint  not null,
    -- Capitals and digits alone, so that it is found however it was written (`SerialNumber::compact`).
    serial_key     text    collate "C" generated always as (
        upper(regexp_replace(serial collate "C", '[^0-9A-Za-z]', '', 'g'))) stored,
    primary key (incident, id)
);

create table {schema}.documents (
    incident       uuid   not null,
    id             uuid   not null,
    kind           text   collate "C" not null,
    relation       text   collate "C" not null,
    number         text,                          -- sealed
    country        text   collate "C",
    person         uuid,
    first_position bigint not null,
    last_position  bigint not null,
    primary key (incident, id)
);

create table {schema}.actions (
    incident uuid        not null,
    position bigint      not null,                -- of its event
    action   text        collate "C" not null,
    at       timestamptz not null,
    unit     uuid,
    officer  text,
    note     text,                                -- sealed
    primary key (incident, position)
);

create table {schema}.links (
    incident       uuid   not null,
    other          uuid   not null,
    kind           text   collate "C" not null,   -- seen from `incident`
    confidence     text   collate "C" not null,
    first_position bigint not null,
    last_position  bigint not null,
    primary key (incident, other)
);

create table {schema}.transfers (
    incident         uuid        not null,
    transfer         uuid        not null,
    from_institution text        collate "C" not null,
    to_institution   text        collate "C" not null,
    offered_at       timestamptz not null,
    deadline         timestamptz not null,
    state            text        collate "C" not null,
    reason           text        not null,        -- sealed
    cause            text        collate "C",
    note             text,                        -- sealed
    answered_at      timestamptz,
    ended_at         timestamptz,
    first_position   bigint      not null,
    last_position    bigint      not null,
    primary key (incident, transfer)
);

create table {schema}.seized_items (
    id             uuid        not null primary key,
    incident       uuid        not null,
    kind           text        collate "C" not null,
    description    text,                          -- sealed
    serial         text,
    quantity       bigint,
    value_cents    bigint,
    basis          text        collate "C" not null,
    protocol       text,
    from_person    uuid,
    place          text,                          -- sealed
    seized_at      timestamptz not null,
    institution    text        collate "C" not null, -- who has it; once custody has ended, who had it last
    keeper         text        not null,
    seal           text,
    since          timestamptz not null,
    custody        jsonb       not null,          -- everybody who had it, in order; reasons sealed
    outcome        text        collate "C",
    disposed_to    text        collate "C",
    disposed_at    timestamptz,
    decision       text,
    reason         text,                          -- sealed
    first_position bigint      not null,
    last_position  bigint      not null,
    version        bigint      not null,
    -- Capitals and digits alone, so that it is found however it was written (`SerialNumber::compact`).
    serial_key     text    collate "C" generated always as (
        upper(regexp_replace(serial collate "C", '[^0-9A-Za-z]', '', 'g'))) stored
);

create index on {schema}.seized_items (incident);
-- Items by the number that their maker put on them, wherever they turn up.
create index on {schema}.items (serial_key) where serial_key is not null;
create index on {schema}.seized_items (serial_key) where serial_key is not null;

-- An item's number is said by its incident, the rest by itself: neither waits for the other.
create table {schema}.ordinals (
    item     uuid    not null primary key,
    incident uuid    not null,
    ordinal  integer not null
);
-- The dossier of a person: in which incidents they are.
create index on {schema}.persons (subject);
