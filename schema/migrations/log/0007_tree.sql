-- The Merkle tree (RFC 9162) over the leaf hashes: roots of its complete subtrees of 256, 65,536 … leaves.
create table {log}.tree (
    level smallint not null,                     -- 8, 16, 24 …: the subtree has 2^level leaves
    index bigint   not null,                     -- 0 is the leftmost of its level
    hash  bytea    not null,
    primary key (level, index)
);

grant select, insert on {log}.tree to vnr_app;
