-- The head: the one row that every append changes first, by compare-and-set. Who changed it owns the next positions.
create table {log}.head (
    only_row    boolean     not null primary key default true check (only_row),
    origin      text        not null,            -- name of the log in tree heads, for ever
    generation  integer     not null,            -- grows with each lossy restore
    position    bigint      not null,            -- last position given out
    recorded_at timestamptz not null,            -- time of the last event; never decreases
    numbers     text        not null,            -- JSON: last number of each series and year
    frontier    bytea       not null             -- roots of the complete subtrees, left to right, 32 bytes each
) with (fillfactor = 10);

insert into {log}.head (origin, generation, position, recorded_at, numbers, frontier)
values ('{origin}', 1, 0, '1970-01-01 00:00:00+00', '{}', '');

-- When each generation began.
create table {log}.generations (
    generation     integer not null primary key,
    first_position bigint  not null
);

insert into {log}.generations (generation, first_position)
values (1, 1);

grant select, update on {log}.head to vnr_app;
grant select on {log}.generations to vnr_app;
