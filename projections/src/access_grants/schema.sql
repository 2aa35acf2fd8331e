-- Who was given access beyond their role, and who took it in an emergency. Whether it is open at a moment depends on the time
-- as well: questions ask for a moment, rows never do. Reasons and notes are JSON text with personal data sealed.
create table {schema}.grants (
    id                     uuid        not null primary key,
    status                 text        collate "C" not null,
    grantee_institution    text        collate "C" not null,
    grantee                text        collate "C" not null,
    scope                  text        collate "C" not null, -- record, class, role
    record                 uuid,
    class                  text        collate "C",
    role_institution       text        collate "C",
    role                   text        collate "C",
    purpose                text        collate "C" not null,
    valid_from             timestamptz not null,
    valid_until            timestamptz not null,
    reason                 text        not null,
    requested_at           timestamptz not null,
    requested_institution  text        collate "C" not null,
    requested_by           text        collate "C" not null,
    decided_at             timestamptz,
    decided_institution    text        collate "C",
    decided_by             text        collate "C",
    decision_reason        text,
    ended_at               timestamptz,
    ended_institution      text        collate "C",
    ended_by               text        collate "C",
    ending_reason          text,
    first_position         bigint      not null,
    last_position          bigint      not null,
    version                bigint      not null
) with (fillfactor = 70);

create index on {schema}.grants (grantee_institution, grantee, valid_until, id) where status = 'approved';
create index on {schema}.grants (requested_at, id);
create index on {schema}.grants (status, requested_at, id);
create index on {schema}.grants (record, requested_at, id) where record is not null;

create table {schema}.emergencies (
    id                     uuid        not null primary key,
    record                 uuid        not null,
    purpose                text        collate "C" not null,
    reason                 text        not null,
    valid_until            timestamptz not null,
    vouch_by               timestamptz not null,
    declared_at            timestamptz not null,
    institution            text        collate "C" not null,
    declared_by            text        collate "C" not null,
    opened_at              timestamptz,
    review_by              timestamptz,
    second_institution     text        collate "C",
    second                 text        collate "C",
    second_note            text,
    reviewed_at            timestamptz,
    outcome                text        collate "C",
    reviewer_institution   text        collate "C",
    reviewer               text        collate "C",
    review_note            text,
    first_position         bigint      not null,
    last_position          bigint      not null,
    version                bigint      not null
) with (fillfactor = 70);

create index on {schema}.emergencies (institution, declared_by, valid_until, id) where opened_at is not null;
create index on {schema}.emergencies (vouch_by, id) where opened_at is null;
create index on {schema}.emergencies (review_by, id) where opened_at is not null and reviewed_at is null;
