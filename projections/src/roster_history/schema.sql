-- What each unit said and was told, in the order in which it happened, with when the register came to know it: the roster as at any moment,
-- as it was known at any other. A row for each event that says something of status or card; nothing is ever changed here.
create table {schema}.units (
    id            uuid        not null primary key,
    institution   text        collate "C" not null,
    call_sign     text        collate "C" not null,
    kind          text        collate "C" not null,
    station       text,
    territory     text        collate "C",
    source_kind   text,
    registered_at timestamptz not null,              -- when it was made known, by who did it
    recorded_at   timestamptz not null,
    position      bigint      not null,
    assigned      bigint,                            -- the assignment that no release was told of yet, by sequence
    assigned_at   timestamptz
) with (fillfactor = 70);

create unique index on {schema}.units (institution, call_sign);
create index on {schema}.units (call_sign, id);

create table {schema}.events (
    unit        uuid        not null,
    sequence    bigint      not null,
    tells       text        collate "C" not null,    -- duty_started, duty_ended, reported, assigned, released
    status      text        collate "C" not null,    -- that the unit has by it
    vendor_code text,
    card        uuid,                                -- assigned to, released from
    ends        bigint,                              -- sequence of the assignment that this release ends
    at          timestamptz not null,                -- when it happened; of a release not before its assignment
    recorded_at timestamptz not null,
    position    bigint      not null,
    primary key (unit, sequence)
);

-- What a unit said last before a moment, and what of it counts.
create index on {schema}.events (unit, at desc, sequence desc);
create index on {schema}.events (unit, at desc, sequence desc) where tells = 'assigned';
create index on {schema}.events (unit, at, sequence) where tells = 'duty_started';
create unique index on {schema}.events (unit, ends) where ends is not null;
