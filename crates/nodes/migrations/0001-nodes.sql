-- The servers on this database. beats rises with each heartbeat: a node whose beats stay the same has ended or is suspended,
-- whatever its clock and the others' show.
create table nodes (
  id text primary key,
  run text not null,
  name text not null,
  version text not null,
  started_at bigint not null,
  seen_at bigint not null,
  beats bigint not null
);
