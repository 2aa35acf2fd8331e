-- The streams: where each record's events lie, so that a load touches only the partitions it needs.
create table {log}.streams (
    aggregate_id   uuid   not null primary key,
    aggregate_type text   collate "C" not null,
    version        bigint not null,              -- sequence of its last event
    first_position bigint not null,
    last_position  bigint not null
) with (fillfactor = 60);

grant select, insert, update on {log}.streams to vnr_app;
