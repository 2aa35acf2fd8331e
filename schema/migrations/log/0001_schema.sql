-- One log: its events, its head, and what is written in the same transaction as they are.
-- `{log}` stands for the log's name: register, tracks, access.
create schema {log};
grant usage on schema {log} to vnr_app;
