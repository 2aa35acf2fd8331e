-- Source journals (ENŽ), how far each has come and how good what it sends is, and the records that wait to be mended.
create table {schema}.journals (
    id                uuid        not null primary key,
    system            text        collate "C" not null,
    institution       text        collate "C" not null,
    label_lv          text        not null,
    label_en          text        not null,
    phase             text        collate "C" not null,
    mapping           integer     not null, -- version; 0 where there is none
    registered_at     timestamptz not null,
    last_sequence     bigint      not null, -- 0 where it has no order
    last_received_at  timestamptz,
    registered        bigint      not null,
    supplemented      bigint      not null,
    confirmed         bigint      not null,
    late              bigint      not null,
    tried             bigint      not null,
    quarantined       bigint      not null,
    released          bigint      not null,
    discarded         bigint      not null,
    waiting           bigint      not null,
    out_of_order      bigint      not null,
    timed             bigint      not null, -- of which it is known when the journal recorded them
    prompt            bigint      not null, -- of those, within an hour
    first_position    bigint      not null,
    last_position     bigint      not null,
    version           bigint      not null
) with (fillfactor = 70);

create unique index on {schema}.journals (system);

create table {schema}.quarantine (
    journal           uuid        not null,
    id                uuid        not null,
    external_id       text        collate "C" not null,
    sequence          bigint      not null,
    mapping           integer     not null,
    faults            text        not null, -- as JSON: path, field, rule
    content           text        not null, -- JSON text, sealed
    recorded_at       timestamptz not null, -- since when it waits
    last_position     bigint      not null,
    primary key (journal, id)
);

create index on {schema}.quarantine (journal, recorded_at, id);
create index on {schema}.quarantine (id);
