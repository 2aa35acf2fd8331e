-- The ledger: which commands took effect, and what was answered. Partitioned by month, so that old months can go.
-- A command id must be unique over all months; `append` looks while it holds the head, so no index over all is needed.
create table {log}.commands (
    command_id     uuid        not null,
    recorded_at    timestamptz not null,
    digest         bytea       not null,         -- keyed digest of what was asked
    first_position bigint      not null,
    events         integer     not null,
    reply          text        not null,         -- JSON, given again when the command is repeated
    primary key (command_id, recorded_at)
) partition by range (recorded_at);

grant select, insert on {log}.commands to vnr_app;

-- Makes the partitions of the month of `at` and of `months` more; returns how many were missing.
create function {log}.ensure_command_partitions(at timestamptz, months integer) returns integer language plpgsql as $$
declare
    first   timestamp := date_trunc('month', at at time zone 'UTC');
    name    text;
    created integer := 0;
begin
    for i in 0..months loop
        name := format('commands_%s', to_char(first + make_interval(months => i), 'YYYY_MM'));
        if to_regclass(format('{log}.%I', name)) is null then
            execute format('create table {log}.%I partition of {log}.commands for values from (%L) to (%L)', name,
                           (first + make_interval(months => i)) at time zone 'UTC',
                           (first + make_interval(months => i + 1)) at time zone 'UTC');
            created := created + 1;
        end if;
    end loop;
    return created;
end
$$;
revoke execute on function {log}.ensure_command_partitions(timestamptz, integer) from public;
