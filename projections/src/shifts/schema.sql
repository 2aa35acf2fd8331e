-- Shifts of stations: what was planned, who came, what became of it. Notes and reasons are sealed.
create table {schema}.shifts (
    id             uuid        not null primary key,
    institution    text        collate "C" not null,
    station        text        not null,
    date           date        not null,
    shift          text        collate "C" not null,
    state          text        collate "C" not null,
    starts_at      timestamptz not null,
    ends_at        timestamptz not null,
    planned        integer     not null,
    planned_units  jsonb       not null,
    minimum        jsonb       not null,
    officer        text,
    present        integer,
    line_up        jsonb       not null,
    reserve        integer     not null,
    reserves       jsonb       not null,
    rotations      jsonb       not null,
    corrections    jsonb       not null,
    after          uuid,
    next           uuid,
    opened_at      timestamptz,
    handed_over_at timestamptz,
    handed_over_by text,
    taken_over_by  text,
    notes          text,
    closed_at      timestamptz,
    first_position bigint      not null,
    last_position  bigint      not null,
    version        bigint      not null
) with (fillfactor = 80);

-- Lists are paged by (starts_at, id), the latest first.
create index on {schema}.shifts (starts_at desc, id desc);
create index on {schema}.shifts (institution, station, starts_at desc, id desc);
-- Whoever asks for alarms asks for those on duty: few of all.
create index on {schema}.shifts (institution, station) where state = 'open';
