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

-- The rule for the inbox that 0006 meant to give: its id was another rule's already, so it was left out.
insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, created_at, updated_at) values
  ('019a4c00-0000-7000-8000-000000000019', 'sla.escalated', 'in_app', '', '', 1, 1795651200000000000, 1795651200000000000)
on conflict do nothing;
update notification_meta set value = value + 1 where name = 'rules';
