-- Words that incidents are found by. No word of a text is here: a keyed digest of its stem is, which is of no use without the master key.
-- What is found by a sealed text goes when the key is destroyed that it is sealed under.
create table {schema}.texts (
    incident     uuid   not null,
    part         uuid   not null,              -- of a person the data subject, else nil
    kind         text   collate "C" not null,  -- place, narrative, reporter, person
    sealed_under uuid,                         -- the key; null where the text is not personal
    stems        text   collate "C" not null,  -- digests of stems, in order, each once
    forms        text   collate "C" not null,  -- of names: digests of words as they were written
    primary key (incident, part, kind)
);
create index on {schema}.texts (sealed_under) where sealed_under is not null;

-- All words of an incident, by weights: A persons, B place, C reporter, D narrative.
create table {schema}.cases (
    incident      uuid        not null primary key,
    registered_at timestamptz not null,
    words         tsvector    not null
) with (fillfactor = 80);
create index on {schema}.cases using gin (words);
create index on {schema}.cases (registered_at desc, incident desc);

-- Words of names as they were written, without case and diacritics, tied to nothing: misspelt names are looked for here. A word that no
-- name has any more is gone.
create extension if not exists pg_trgm with schema projections;
create table {schema}.vocabulary (
    digest text   collate "C" not null primary key,
    word   text   collate "C" not null,
    uses   bigint not null
);
create index on {schema}.vocabulary using gin (word projections.gin_trgm_ops);
