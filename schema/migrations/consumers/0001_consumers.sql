-- Consumers of the logs: read models and process managers. How far each has come, and who works for it now.
create schema projections;
grant usage on schema projections to vnr_app;

-- One row for each log that a consumer reads. A batch and its progress move in one transaction (I-10).
-- The lease is a consumer's, not a row's: it holds while any of the rows is leased, and all of them have one fence.
create table projections.consumers (
    name             text    collate "C" not null,
    build            text    collate "C" not null check (build in ('live', 'rebuild')),
    log              text    collate "C" not null,
    version          integer not null,           -- of the code that writes it
    progress         bigint  not null check (progress >= 0), -- last position that is taken in
    generation       integer not null,           -- of the log, when progress was last moved
    recorded_at      timestamptz,                -- of the event at that position
    holder           text,                       -- who works for it
    fence            bigint  not null default 0, -- grows with each change of holder
    lease_until      timestamptz,                -- by the clock of this database
    last_error       text,
    last_error_at    timestamptz,
    last_advanced_at timestamptz,
    primary key (name, build, log)
) with (fillfactor = 50);

-- Records that a consumer could not take in: their events from the first one on are left out, in order, until retried.
create table projections.parked (
    name           text   collate "C" not null,
    build          text   collate "C" not null,
    aggregate_id   uuid   not null,
    log            text   collate "C" not null,
    first_position bigint not null,
    error          text   not null,
    at             timestamptz not null default clock_timestamp(),
    primary key (name, build, aggregate_id)
);

grant select, insert, update, delete on projections.consumers, projections.parked to vnr_app;
