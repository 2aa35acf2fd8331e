-- Who was told what of incidents, and whether they know. No personal data: what a notice holds is put together when it is handed over.
create table {schema}.notices (
    id                       uuid        not null primary key,
    incident                 uuid        not null,
    rule                     text        collate "C" not null,
    rule_version             integer     not null,
    service                  text        collate "C" not null,
    municipality             text        collate "C" not null,
    recipient                text        collate "C" not null,
    escalate_to              text        collate "C" not null,
    participants             jsonb       not null, -- who else sees it: who answered for the incident
    status                   text        collate "C" not null,
    issued_at                timestamptz not null,
    due_by                   timestamptz not null,
    failures                 integer     not null,
    last_failure             text        collate "C",
    delivered_at             timestamptz,
    receipt                  integer,
    content                  text        collate "C",
    scopes                   jsonb       not null,
    acknowledged_at          timestamptz,
    acknowledged_institution text        collate "C",
    acknowledged_by          text,
    reference                text,
    escalated_at             timestamptz,
    escalation_cause         text        collate "C",
    first_position           bigint      not null,
    last_position            bigint      not null,
    version                  bigint      not null
) with (fillfactor = 70);

create index on {schema}.notices (incident);
-- Lists are paged by (issued_at, id), newest first.
create index on {schema}.notices (issued_at desc, id desc);
create index on {schema}.notices (recipient, issued_at desc, id desc);
create index on {schema}.notices (recipient, status, issued_at desc, id desc);
create index on {schema}.notices using gin (participants);
-- What waits to be handed over, and what somebody has to be told of.
create index on {schema}.notices (recipient, issued_at, id) where delivered_at is null and acknowledged_at is null;
create index on {schema}.notices (due_by, id) where acknowledged_at is null and escalated_at is null;
