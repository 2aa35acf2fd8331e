-- Who looked at what, who was given what, who was refused: what the data-protection officer asks the access log.
create table {schema}.looks (
    position    bigint      primary key,           -- in the access log
    kind        text        collate "C" not null,  -- consulted, disclosed, refused
    at          timestamptz not null,              -- when it was recorded: before the answer
    institution text        collate "C",           -- none where nobody knows who asked
    actor       text        collate "C",
    role        text        collate "C",
    purpose     text        collate "C",
    reference   text        collate "C",
    way         text        collate "C",           -- of a consultation
    scopes      text        collate "C",           -- what was shown, with commas between
    query       text        collate "C",           -- keyed digest of the question
    count       integer     not null,              -- records that the answer was about; refusals that are told as one sum
    recipient   text,                              -- of a disclosure
    attempt     text        collate "C",           -- of a refusal: what was asked for
    cause       text        collate "C",           -- of a refusal
    record      uuid                               -- of a refusal, where it was about one
);
create index looks_of_actor on {schema}.looks (institution, actor, position desc);
create index looks_refused on {schema}.looks (position desc) where kind = 'refused';

-- Records that were shown or handed over.
create table {schema}.looked_at (
    record   uuid   not null,
    position bigint not null,                      -- in the access log
    scopes   text   collate "C" not null,          -- what of it
    primary key (record, position)
);
create index looked_at_position on {schema}.looked_at (position);
