-- What was done to read models, by whom and why. Reasons are JSON text with personal data sealed.
create table {schema}.acts (
    position       bigint      not null primary key,
    read_model     text        collate "C" not null,
    act            text        collate "C" not null, -- type of the event
    body           text        collate "C",          -- candidate or previous, of what was dropped
    from_version   integer,                          -- what served before
    version        integer,
    records        integer     not null,             -- that were retried
    by_institution text        collate "C",          -- null: the program by itself
    by_user        text,
    reason         text        not null,
    at             timestamptz not null
);
create index on {schema}.acts (read_model, position desc);
