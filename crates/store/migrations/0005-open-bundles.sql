-- Bundles to which more events come in later transactions, and until when to wait for these: a large bulk change goes in
-- portions, and its recipients get one message about all of them.
create table open_bundles (
  bundle_id text not null primary key,
  until bigint not null
);
