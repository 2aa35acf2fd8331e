-- What is unique across streams, for ever: source + external id, call sign, national number.
create table {log}.claims (
    kind           text   collate "C" not null,
    key            text   collate "C" not null,
    aggregate_type text   collate "C" not null,
    aggregate_id   uuid   not null,
    position       bigint not null,              -- last position of the append that claimed it
    primary key (kind, key)
);

grant select, insert on {log}.claims to vnr_app;
