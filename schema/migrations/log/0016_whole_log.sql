-- A log that is made at once, in a database that has none of it yet: its tables are filled without indexes, and become part of
-- the log when they are full.

-- Not empty while the log is being made: until then nothing else can be done with it.
create table {log}.unfinished (
    began_at timestamptz not null
);
grant select on {log}.unfinished to vnr_app;

-- Makes the table of the events from `lower` + 1 on: without indexes, and not part of the log yet. Returns its name.
create function {log}.begin_event_partition(lower bigint) returns text language plpgsql as $$
declare
    width constant bigint := 2000000;
    name  constant text := format('events_%s', lpad((lower / width)::text, 5, '0'));
begin
    -- With the check PostgreSQL knows that all of it belongs here, and need not look at every row when it becomes a partition.
    execute format('create table {log}.%I (like {log}.events including defaults,
                    constraint bounds check (position > %s and position <= %s))', name, lower, lower + width);
    return name;
end
$$;
revoke execute on function {log}.begin_event_partition(bigint) from public;

-- Makes it part of the log.
create function {log}.finish_event_partition(lower bigint) returns void language plpgsql as $$
declare
    width constant bigint := 2000000;
    name  constant text := format('events_%s', lpad((lower / width)::text, 5, '0'));
begin
    execute format('alter table {log}.%I add primary key (position)', name);
    execute format('create unique index on {log}.%I (aggregate_id, sequence) include (position)', name);
    execute format('alter table {log}.events attach partition {log}.%I for values from (%s) to (%s)',
                   name, lower + 1, lower + width + 1);
    execute format('alter table {log}.%I drop constraint bounds', name);
    -- Statement triggers are not inherited by partitions.
    execute format('create trigger append_only_truncate before truncate on {log}.%I
                    for each statement execute function {log}.refuse_change()', name);
end
$$;
revoke execute on function {log}.finish_event_partition(bigint) from public;

-- Makes the partitions that hold the next `ahead` positions; returns how many were missing.
create or replace function {log}.ensure_event_partitions(ahead bigint) returns integer language plpgsql as $$
declare
    width   constant bigint := 2000000;
    last    constant bigint := (select position from {log}.head) + ahead;
    lower   bigint := 0;
    created integer := 0;
begin
    while lower <= last loop
        if to_regclass(format('{log}.%I', format('events_%s', lpad((lower / width)::text, 5, '0')))) is null then
            perform {log}.begin_event_partition(lower);
            perform {log}.finish_event_partition(lower);
            created := created + 1;
        end if;
        lower := lower + width;
    end loop;
    return created;
end
$$;

-- Empties a log that has no event, so that it can be made at once. VN006: it has events. What an earlier attempt left is removed.
create function {log}.begin_whole_log() returns void language plpgsql as $$
declare
    partition regclass;
begin
    perform from {log}.head where position = 0 and generation = 1 for update;
    if not found then
        raise exception 'the log {log} has events' using errcode = 'VN006';
    end if;
    delete from {log}.unfinished;
    insert into {log}.unfinished (began_at) values (now());
    for partition in
        select c.oid::regclass from pg_class c
        where c.relnamespace = '{log}'::regnamespace and c.relkind = 'r' and c.relname ~ '^(events|commands)_[0-9]'
    loop
        execute format('drop table %s', partition);
    end loop;
    truncate {log}.streams, {log}.claims, {log}.keys, {log}.tree, {log}.snapshots;
    alter table {log}.streams drop constraint if exists streams_pkey;
    alter table {log}.claims drop constraint if exists claims_pkey;
    alter table {log}.keys drop constraint if exists keys_pkey;
    drop index if exists {log}.keys_owner, {log}.keys_subject;
end
$$;
revoke execute on function {log}.begin_whole_log() from public;

-- Makes a log of what was written: from now on it is one like any other. The indexes are those that each table was made with.
create function {log}.finish_whole_log(
    n_position bigint, n_recorded_at timestamptz, n_numbers text, n_frontier bytea
) returns void language plpgsql as $$
begin
    alter table {log}.streams add constraint streams_pkey primary key (aggregate_id);
    alter table {log}.claims add constraint claims_pkey primary key (kind, key);
    alter table {log}.keys add constraint keys_pkey primary key (key_id);
    create unique index keys_owner on {log}.keys (aggregate_id, subject) nulls not distinct;
    create index keys_subject on {log}.keys (subject) where subject is not null;
    update {log}.head
    set position = n_position, recorded_at = n_recorded_at, numbers = n_numbers, frontier = n_frontier;
    delete from {log}.unfinished;
end
$$;
revoke execute on function {log}.finish_whole_log(bigint, timestamptz, text, bytea) from public;
