-- Which channel a kind of event turns on, from which severity, for which company. '' stands for any in the columns
-- that may be left out, because a NULL in a unique key would let doubles through.
create table notification_rules (
  id text not null primary key,
  event_type text not null,
  channel text not null,
  min_severity text not null,
  company_id text not null,
  enabled bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  unique (event_type, channel, min_severity, company_id)
);
-- Whom a rule names besides those an event concerns: kind is email, user or url. A URL is sealed.
create table notification_rule_recipients (
  id text not null primary key,
  rule_id text not null references notification_rules (id) on delete cascade,
  kind text not null,
  value text not null,
  sealed text not null,
  label text not null,
  lane text not null,
  target_key text not null,
  unique (rule_id, kind, target_key)
);
-- Small values of this crate: the version of the rules, by which the engine sees that they changed.
create table notification_meta (
  name text not null primary key,
  value bigint not null
);
create table notification_preferences (
  user_id text not null references users (id) on delete cascade,
  event_type text not null,
  channel text not null,
  is_on bigint not null,
  primary key (user_id, event_type, channel)
);
create table chat_settings (
  user_id text not null references users (id) on delete cascade,
  channel text not null,
  enabled bigint not null,
  sealed text not null,
  label text not null,
  lane text not null,
  target_key text not null,
  primary key (user_id, channel)
);
-- The inbox. A row is read when its read_at is not 0 or its created_at is not past its owner's all_read_at. The
-- unique keys are promises F2 and I7.
create table notifications (
  id text not null primary key,
  user_id text not null references users (id) on delete cascade,
  event_id text not null,
  event_type text not null,
  created_at bigint not null,
  read_at bigint not null,
  unique (user_id, event_id),
  unique (user_id, created_at)
);
create index notifications_unread on notifications (user_id, created_at) where read_at = 0;
create index notifications_read on notifications (user_id, created_at) where read_at <> 0;
create index notifications_type on notifications (user_id, event_type, created_at);
-- Per person: how many rows, how many unread, the created_at of the newest, up to where all is read.
create table inbox_counters (
  user_id text not null primary key references users (id) on delete cascade,
  total bigint not null,
  unread bigint not null,
  last_at bigint not null,
  all_read_at bigint not null
);
-- Why somebody was told of an event or was not: one JSON text per event; fault is why an event was set aside.
create table event_plans (
  event_id text not null primary key,
  planned_at bigint not null,
  fault text not null,
  reasons text not null
);
-- One message to one destination. The unique key is promise F2. earlier is how many of the attempts were made before
-- somebody asked for it to be sent again; unknowns is how many since then had an unknown outcome.
create table deliveries (
  id text not null primary key,
  event_id text not null,
  event_type text not null,
  company_id text not null,
  channel text not null,
  recipient_kind text not null,
  recipient text not null,
  label text not null,
  lane text not null,
  target_key text not null,
  state text not null,
  reason text not null,
  body text not null,
  attempts bigint not null,
  earlier bigint not null,
  unknowns bigint not null,
  next_at bigint not null,
  lease_until bigint not null,
  node text not null,
  created_at bigint not null,
  updated_at bigint not null,
  unique (event_id, target_key)
);
create index deliveries_due on deliveries (lane, next_at) where state = 'pending';
create index deliveries_leased on deliveries (lease_until) where state = 'sending';
create index deliveries_troubled on deliveries (state, id) where state in ('refused', 'failed', 'unknown', 'cancelled');
-- ended_at is 0 until the outcome is known.
create table delivery_attempts (
  delivery_id text not null,
  number bigint not null,
  started_at bigint not null,
  ended_at bigint not null,
  outcome text not null,
  status bigint not null,
  answer text not null,
  reason text not null,
  primary key (delivery_id, number)
);
