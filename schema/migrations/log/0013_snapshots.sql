-- Saved states of records, so that a long history need not be read again for each decision. Derived from the events: any row may
-- be deleted at any time. No personal data in clear: a state holds none.
create table {log}.snapshots (
    aggregate_id   uuid   not null primary key,
    aggregate_type text   collate "C" not null,
    version        bigint not null,              -- sequence of the last event that it has taken in
    position       bigint not null,              -- of that event: all that came later lies beyond it
    event_id       uuid   not null,              -- of that event: a snapshot counts only while it is there
    shape          bytea  not null,              -- hash of what such a state looks like and means; another program's is ignored
    state          text   not null,              -- JSON
    seal           bytea  not null               -- keyed digest of all of this: who has the database alone can't make one up
) with (fillfactor = 70);

grant select, insert, update, delete on {log}.snapshots to vnr_app;

-- Every partition has its own unique index on the same columns; this one, which partitions inherit, was a second one.
drop index {log}.events_aggregate_id_sequence_idx;
