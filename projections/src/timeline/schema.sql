-- What happened to a record, event by event, in the order in which the register learned of it. An event also stands in the
-- timelines of other records that it names. No personal data: facts that may be erased are left out of `facts`.
create table {schema}.entries (
    record         uuid        not null,         -- whose timeline
    position       bigint      not null,
    aggregate_type text        collate "C" not null, -- whose event
    aggregate_id   uuid        not null,
    sequence       bigint      not null,
    event_type     text        collate "C" not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    source_recorded_at timestamptz,              -- when its source recorded it
    institution    text        collate "C",
    actor          text,
    source_system  text        collate "C",
    flags          text,
    facts          jsonb       not null,
    primary key (record, position)
);

-- Which incident a seized item belongs to: only its first event says so.
create table {schema}.items (
    item     uuid not null primary key,
    incident uuid not null
);
