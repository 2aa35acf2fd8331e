-- All of a log that is made at once is written as its events are: each table or partition in one transaction that makes or empties it,
-- without indexes, which it gets when it is full. A server with wal_level=minimal journals none of it.

-- Makes the partition of the ledger of a month, year * 12 + month from 0: without an index, and not part of it yet. Returns its name.
create function {log}.begin_command_partition(month bigint) returns text language plpgsql as $$
declare
    first constant timestamp := make_timestamp((month / 12)::integer, (month % 12)::integer + 1, 1, 0, 0, 0);
    name  constant text := format('commands_%s', to_char(first, 'YYYY_MM'));
begin
    execute format('create table {log}.%I (like {log}.commands including defaults,
                    constraint bounds check (recorded_at >= %L and recorded_at < %L))',
                   name, first at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
    return name;
end
$$;
revoke execute on function {log}.begin_command_partition(bigint) from public;

-- Makes it part of the ledger.
create function {log}.finish_command_partition(month bigint) returns void language plpgsql as $$
declare
    first constant timestamp := make_timestamp((month / 12)::integer, (month % 12)::integer + 1, 1, 0, 0, 0);
    name  constant text := format('commands_%s', to_char(first, 'YYYY_MM'));
begin
    execute format('alter table {log}.%I add primary key (command_id, recorded_at)', name);
    execute format('alter table {log}.commands attach partition {log}.%I for values from (%L) to (%L)',
                   name, first at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
    execute format('alter table {log}.%I drop constraint bounds', name);
end
$$;
revoke execute on function {log}.finish_command_partition(bigint) from public;

-- Begins to fill a table; where it is partitioned, its `part`-th partition. Returns the name of what is to be filled.
create function {log}.begin_part(name text, part bigint) returns text language plpgsql as $$
begin
    case name
        when 'events' then return {log}.begin_event_partition(part * 2000000);
        when 'commands' then return {log}.begin_command_partition(part);
        else
            execute format('truncate {log}.%I', name);
            return name;
    end case;
end
$$;
revoke execute on function {log}.begin_part(text, bigint) from public;

-- It is full: it gets its indexes, those that its table was made with.
create function {log}.finish_part(name text, part bigint) returns void language plpgsql as $$
begin
    case name
        when 'events' then perform {log}.finish_event_partition(part * 2000000);
        when 'commands' then perform {log}.finish_command_partition(part);
        when 'streams' then
            alter table {log}.streams add constraint streams_pkey primary key (aggregate_id);
        when 'claims' then
            alter table {log}.claims add constraint claims_pkey primary key (kind, key);
        when 'keys' then
            alter table {log}.keys add constraint keys_pkey primary key (key_id);
            create unique index keys_owner on {log}.keys (aggregate_id, subject) nulls not distinct;
            create index keys_subject on {log}.keys (subject) where subject is not null;
        when 'tree' then
            -- So small that it keeps its index.
            null;
    end case;
end
$$;
revoke execute on function {log}.finish_part(text, bigint) from public;

-- Makes a log of what was written, once each part of it is finished: from now on it is one like any other.
create or replace function {log}.finish_whole_log(
    n_position bigint, n_recorded_at timestamptz, n_numbers text, n_frontier bytea
) returns void language plpgsql as $$
begin
    update {log}.head
    set position = n_position, recorded_at = n_recorded_at, numbers = n_numbers, frontier = n_frontier;
    delete from {log}.unfinished;
end
$$;
