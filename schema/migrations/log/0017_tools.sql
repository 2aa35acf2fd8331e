-- Tools that look at records (`vnr record`, `vnr subject`, `vnr access`) read as vnr_tool. That role reads the log and whose keys there
-- are. A wrapped key is handed to it only where the access log says who looks at that record's personal data, and what for: so it is the
-- database that refuses who has not said so, whatever the tool does.

-- Whose keys there are, without the keys.
create view {log}.key_owners as
select key_id, aggregate_id, subject
from {log}.keys;

grant select on {log}.key_owners to vnr_app;

-- The keys of records that were looked at with a tool, or handed over, within the last five minutes. `look_from` to `look_to` are the
-- positions of one command in the access log, which tells more than 500 records in several events.
-- VN010: that is not what stands there, or it does not name all the records.
create function {log}.keys_looked_at(look_from bigint, look_to bigint, wanted uuid[])
returns table (key_id uuid, aggregate_id uuid, subject uuid, master integer, wrapped bytea)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    commands integer;
    named    uuid[];
begin
    if look_from is null or look_to is null or look_to - look_from not between 0 and 999 then
        raise exception 'positions % to % are not those of one look', look_from, look_to using errcode = 'VN010';
    end if;

    select count(distinct coalesce(e.metadata->>'command_id', e.event_id::text))
    into commands
    from access.events e
    where e.position between look_from and look_to;
    if commands > 1 then
        raise exception 'positions % to % of the access log are of several looks', look_from, look_to using errcode = 'VN010';
    end if;

    -- A look with GraphQL is answered by GraphQL. One that shows no personal data opens none.
    select array_agg(shown.record::uuid)
    into named
    from access.events e
    cross join lateral (select e.payload->e.event_type as what) told
    cross join lateral json_array_elements_text(told.what->'records') shown (record)
    where e.position between look_from and look_to
      and (e.event_type = 'DataDisclosed' or e.event_type = 'RecordConsulted' and told.what->>'way' = 'tool')
      and told.what->>'purpose' is not null
      and e.recorded_at between clock_timestamp() - interval '5 minutes' and clock_timestamp() + interval '5 minutes'
      and exists (
          select from json_array_elements_text(told.what->'scopes') scope (name)
          where scope.name in ('narrative', 'reporter', 'personal_code')
      );
    if wanted is null or not wanted <@ coalesce(named, '{}') then
        raise exception 'the access log does not say at % to %, within the last five minutes, who looks at the personal data of these records',
            look_from, look_to using errcode = 'VN010';
    end if;

    return query
    select k.key_id, k.aggregate_id, k.subject, k.master, k.wrapped
    from {log}.keys k
    where k.aggregate_id = any (wanted);
end
$$;
revoke execute on function {log}.keys_looked_at(bigint, bigint, uuid[]) from public;

-- Lets the tools' role in, where it is there; an owner who may makes it. False where there is none: then no tool looks at records.
-- Called at each start, for the role may come later than the tables.
create function {log}.admit_tools() returns boolean language plpgsql as $$
begin
    -- Several processes may start at once.
    perform pg_advisory_xact_lock(hashtextextended('vnr admits tools', 0));
    if to_regrole('vnr_tool') is null then
        if not (select r.rolcreaterole or r.rolsuper from pg_roles r where r.rolname = current_user) then
            return false;
        end if;
        begin
            create role vnr_tool login;
        exception
            when duplicate_object or unique_violation then null; -- made for another database at this moment
        end;
    end if;
    if not has_schema_privilege('vnr_tool', '{log}', 'usage') then
        grant usage on schema {log} to vnr_tool;
        grant select on {log}.head, {log}.generations, {log}.events, {log}.streams, {log}.claims, {log}.tree,
                        {log}.tree_heads, {log}.notary_keys, {log}.destroyed_keys, {log}.key_owners to vnr_tool;
        grant execute on function {log}.keys_looked_at(bigint, bigint, uuid[]) to vnr_tool;
    end if;
    return true;
end
$$;
revoke execute on function {log}.admit_tools() from public;
