-- Lets the tools' role read the tables of a schema, where that role is there (`admit_tools` of the logs makes it).
create function projections.admit_tools(model text) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('vnr admits tools', 0));
    if to_regrole('vnr_tool') is null or has_schema_privilege('vnr_tool', model, 'usage') then
        return;
    end if;
    execute format('grant usage on schema %I to vnr_tool', model);
    execute format('grant select on all tables in schema %I to vnr_tool', model);
end
$$;
revoke execute on function projections.admit_tools(text) from public;
