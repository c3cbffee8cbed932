-- How the URLs that messages are posted to answered lately, as far as they refused. refusals is how many in a row they
-- refused for good; off_at is when one was switched off because of it, 0 while it is on.
create table destination_health (
  target_key text not null primary key,
  id text not null unique,
  channel text not null,
  label text not null,
  refusals bigint not null,
  off_at bigint not null,
  reason text not null
);
create index destination_health_off on destination_health (target_key) where off_at > 0;
-- Whoever looks after such a URL hears of it. An administrator can switch this rule off like any other.
insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, created_at, updated_at) values
  ('019a4c00-0000-7000-8000-000000000014', 'destination.switched_off', 'in_app', '', '', 1, 1793750400000000000, 1793750400000000000);
update notification_meta set value = value + 1 where name = 'rules';
