-- Response plans: every content that was ever proposed, what became of it, and which version of each plan is in force. Reasons are JSON
-- text with personal data sealed. A proposal is named by the position of its event: the same content may be proposed more than once.
create table {schema}.versions (
    position               bigint      not null primary key,
    plan                   uuid        not null,
    code                   text        collate "C" not null,
    number                 integer,                          -- from 1, once it was approved
    status                 text        collate "C" not null, -- proposed, in_force, replaced, retired, rejected
    digest                 text        collate "C" not null,
    content                text        not null,             -- JSON
    proposed_at            timestamptz not null,
    proposed_institution   text        collate "C" not null,
    proposed_by            text        collate "C" not null,
    reason                 text        not null,
    decided_at             timestamptz,
    decided_institution    text        collate "C",
    decided_by             text        collate "C",
    decision_reason        text,
    ended_at               timestamptz,
    ended_institution      text        collate "C",
    ended_by               text        collate "C",
    end_reason             text,
    last_position          bigint      not null,
    version                bigint      not null
) with (fillfactor = 70);

create index on {schema}.versions (plan, status);
create index on {schema}.versions (code, position);
create unique index on {schema}.versions (plan) where status = 'in_force';
create index on {schema}.versions (status, code);
