-- Units: what they are doing (from `register`) and where they were last (from `tracks`). Two logs, so two tables: what one
-- log says never depends on how far the other was read.
create table {schema}.units (
    id             uuid        not null primary key,
    institution    text        collate "C" not null,
    call_sign      text        collate "C" not null,
    kind           text        collate "C" not null,
    station        text,
    territory      text        collate "C",
    source_kind    text,
    on_duty        boolean     not null,
    status         text        collate "C" not null,
    vendor_code    text,
    vendor_scheme  text,
    status_since   timestamptz not null,
    card           uuid,
    outfit         jsonb       not null,
    anomalies      integer     not null,
    registered_at  timestamptz not null,
    first_position bigint      not null,
    last_position  bigint      not null,
    version        bigint      not null
) with (fillfactor = 70);

create unique index on {schema}.units (institution, call_sign);
create index on {schema}.units (call_sign, id);
create index on {schema}.units (status, call_sign, id);
create index on {schema}.units (card) where card is not null;

create table {schema}.points (
    unit          uuid        not null primary key,
    latitude_e6   integer     not null,
    longitude_e6  integer     not null,
    at            timestamptz not null,
    speed_kmh     integer,
    heading_deg   integer,
    last_position bigint      not null           -- in `tracks`
) with (fillfactor = 50);
