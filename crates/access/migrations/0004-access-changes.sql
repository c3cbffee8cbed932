-- What other processes on this database must hear of: one row for each transaction that changed who may see what. The
-- id says when; body is the changes as JSON (access::AccessChange). A row is pruned after some minutes.
create table access_changes (
  id text not null primary key,
  body text not null
);
