-- Warnings that go to the managers at a time, unless one of those who have it in their inbox has read it by then. A row
-- goes in the transaction that decides, so a warning is decided on once.
create table escalations (
  event_id text not null primary key,
  due_at bigint not null
);
create index escalations_due on escalations (due_at);
create table escalation_users (
  event_id text not null references escalations (event_id) on delete cascade,
  user_id text not null,
  primary key (event_id, user_id)
);
