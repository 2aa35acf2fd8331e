-- The events. The first seven columns after the position are those that postgres-es reads.
create table {log}.events (
    position       bigint      not null,         -- 1, 2, 3 … without a hole, in commit order
    event_id       uuid        not null,
    aggregate_type text        collate "C" not null,
    aggregate_id   text        collate "C" not null,
    sequence       bigint      not null,         -- 1, 2, 3 … within the stream
    event_type     text        collate "C" not null,
    event_version  text        collate "C" not null,
    payload        json        not null,         -- kept byte for byte as it was hashed
    metadata       json        not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    leaf_hash      bytea       not null,
    primary key (position)
) partition by range (position);

create index on {log}.events (aggregate_id, sequence);

create function {log}.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '{log}.events is append-only: % refused', tg_op using errcode = 'VN009';
end
$$;

create trigger append_only
    before update or delete on {log}.events
    for each row execute function {log}.refuse_change();

create trigger append_only_truncate
    before truncate on {log}.events
    for each statement execute function {log}.refuse_change();

grant select, insert on {log}.events to vnr_app;

-- Makes the partitions that hold the next `ahead` positions; returns how many were missing.
create function {log}.ensure_event_partitions(ahead bigint) returns integer language plpgsql as $$
declare
    width   constant bigint := 2000000;
    last    constant bigint := (select position from {log}.head) + ahead;
    lower   bigint := 0;
    name    text;
    created integer := 0;
begin
    while lower <= last loop
        name := format('events_%s', lpad((lower / width)::text, 5, '0'));
        if to_regclass(format('{log}.%I', name)) is null then
            execute format('create table {log}.%I partition of {log}.events for values from (%s) to (%s)',
                           name, lower + 1, lower + width + 1);
            execute format('create unique index on {log}.%I (aggregate_id, sequence) include (position)', name);
            -- Statement triggers are not inherited by partitions.
            execute format('create trigger append_only_truncate before truncate on {log}.%I
                            for each statement execute function {log}.refuse_change()', name);
            created := created + 1;
        end if;
        lower := lower + width;
    end loop;
    return created;
end
$$;
revoke execute on function {log}.ensure_event_partitions(bigint) from public;
