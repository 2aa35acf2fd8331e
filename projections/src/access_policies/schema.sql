-- The access policy's history: what was proposed, what became of it, and which version is in force. Reasons are JSON text with
-- personal data sealed. A proposal is named by the position of its event: the same text may be proposed more than once.
create table {schema}.proposals (
    position               bigint      not null primary key,
    policy                 uuid        not null,
    digest                 text        collate "C" not null,
    status                 text        collate "C" not null, -- proposed, in_force, replaced, rejected
    proposed_at            timestamptz not null,
    proposed_institution   text        collate "C" not null,
    proposed_by            text        collate "C" not null,
    reason                 text        not null,
    decided_at             timestamptz,
    decided_institution    text        collate "C",
    decided_by             text        collate "C",
    decision_reason        text,
    replaced_at            timestamptz,
    last_position          bigint      not null,
    version                bigint      not null
) with (fillfactor = 70);

create index on {schema}.proposals (policy, status);
create unique index on {schema}.proposals (policy) where status = 'in_force';

-- The files of each text that was ever proposed, once.
create table {schema}.files (
    digest                 text        collate "C" not null,
    name                   text        collate "C" not null,
    content                text        not null,
    primary key (digest, name)
);
