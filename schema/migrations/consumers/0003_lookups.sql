-- The read model `plates` is retired: `lookups` finds vehicles by their plates, and persons too, and is made and filled from the log when
-- the program starts. Who makes or renames the schemas of a read model waits for this, as for one another.
do $$
begin
    perform pg_advisory_xact_lock(hashtextextended('vnr read model plates', 0));
end
$$;
delete from projections.consumers where name = 'plates';
delete from projections.parked where name = 'plates';
drop schema if exists plates, plates__rebuild, plates__old cascade;
