-- Several bodies of data of one read model side by side: what serves, what is built anew (whole or in slices), what served before, and
-- what is only compared with.
alter table projections.consumers
    drop constraint consumers_build_check,
    add constraint consumers_build_check
        check (build ~ '^(live|previous|rebuild|check|(rebuild|check)-[0-9]+-of-[0-9]+)$'),
    add column upto     bigint,                          -- of a slice: where it ends
    add column filled   boolean not null default false,  -- of what is built anew: all of it is there, with all indexes
    add column held     boolean not null default false,  -- of what is built anew: rolled back from, so no program switches by itself
    add column paused   boolean not null default false;  -- nobody works for it until it is resumed

-- What was done to read models and is not in the log yet: written in the transaction that did it, told to the log afterwards under the
-- same id, and removed once it is there.
create table projections.acts (
    id             uuid        not null primary key, -- of the command that tells it
    read_model     text        collate "C" not null,
    act            text        collate "C" not null,
    details        jsonb       not null,
    by_institution text        collate "C",          -- null: the program by itself
    by_user        text,
    reason         text        not null,
    at             timestamptz not null default clock_timestamp()
);
grant select, insert, delete on projections.acts to vnr_app;
