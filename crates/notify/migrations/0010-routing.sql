-- Rules name more recipients and are limited by filters. filters is their canonical text, '' for none, and joins the unique
-- key; a NULL there would let doubles through. disabled_reason is why a rule was switched off by the program.
create table notification_rules_new (
  id text not null primary key,
  event_type text not null,
  channel text not null,
  min_severity text not null,
  company_id text not null,
  filters text not null default '',
  batch text not null default 'import',
  format text not null default 'standard',
  enabled bigint not null,
  disabled_reason text not null default '',
  created_at bigint not null,
  updated_at bigint not null,
  unique (event_type, channel, min_severity, company_id, filters)
);
insert into notification_rules_new (id, event_type, channel, min_severity, company_id, filters, batch, format, enabled,
    disabled_reason, created_at, updated_at)
  select id, event_type, channel, min_severity, company_id, '', 'import', format, enabled, '', created_at, updated_at
  from notification_rules;
create table notification_rule_recipients_new (
  id text not null primary key,
  rule_id text not null references notification_rules_new (id) on delete cascade,
  kind text not null,
  value text not null,
  sealed text not null,
  label text not null,
  lane text not null,
  target_key text not null,
  unique (rule_id, kind, target_key)
);
insert into notification_rule_recipients_new (id, rule_id, kind, value, sealed, label, lane, target_key)
  select id, rule_id, kind, value, sealed, label, lane, target_key from notification_rule_recipients where kind <> 'url';
drop table notification_rule_recipients;
drop table notification_rules;
alter table notification_rules_new rename to notification_rules;
alter table notification_rule_recipients_new rename to notification_rule_recipients;
-- What came back and what got worse have types of their own: rules, preferences and with them what was said of the old
-- types hold for the new ones, too. The ids of copies are those of the old ones with another last part.
insert into notification_rules (id, event_type, channel, min_severity, company_id, filters, batch, format, enabled,
    disabled_reason, created_at, updated_at)
  select substr(id, 1, 24) || 'c' || substr(id, 26), 'finding.reopened', channel, min_severity, company_id, filters, batch,
    format, enabled, '', created_at, updated_at
  from notification_rules where event_type = 'finding.status_changed' on conflict do nothing;
insert into notification_rules (id, event_type, channel, min_severity, company_id, filters, batch, format, enabled,
    disabled_reason, created_at, updated_at)
  select substr(id, 1, 24) || 'd' || substr(id, 26), 'finding.severity_changed', channel, min_severity, company_id, filters,
    batch, format, enabled, '', created_at, updated_at
  from notification_rules where event_type = 'finding.updated' on conflict do nothing;
-- Their recipients and URLs. The URL of a copy stays sealed for the row it was copied from until the server opens it.
insert into notification_rule_recipients (id, rule_id, kind, value, sealed, label, lane, target_key)
  select substr(r.id, 1, 24) || substr(c.id, 25, 1) || substr(r.id, 26), c.id, r.kind,
    r.value, r.sealed, r.label, r.lane, r.target_key
  from notification_rule_recipients r
  join notification_rules n on n.id = r.rule_id
  join notification_rules c on c.id in (substr(n.id, 1, 24) || 'c' || substr(n.id, 26), substr(n.id, 1, 24) || 'd' || substr(n.id, 26))
    and c.channel = n.channel and c.created_at = n.created_at and c.event_type in ('finding.reopened', 'finding.severity_changed')
  on conflict do nothing;
insert into destinations (id, owner_kind, owner, rule_id, team_id, user_id, channel, sealed, sealed_for, target_key, label,
    template, saved_at, refusals, off_at, off_reason, given_up_at)
  select substr(r.id, 1, 24) || substr(c.id, 25, 1) || substr(r.id, 26), 'rule', c.id, c.id, null, null, r.channel, r.sealed,
    'rule ' || r.rule_id || ' recipient ' || r.id, r.target_key, r.label, r.template, r.saved_at, r.refusals, r.off_at,
    r.off_reason, 0
  from destinations r
  join notification_rules n on n.id = r.rule_id
  join notification_rules c on c.id in (substr(n.id, 1, 24) || 'c' || substr(n.id, 26), substr(n.id, 1, 24) || 'd' || substr(n.id, 26))
    and c.channel = n.channel and c.created_at = n.created_at and c.event_type in ('finding.reopened', 'finding.severity_changed')
  on conflict do nothing;
insert into notification_preferences (user_id, event_type, channel, is_on)
  select user_id, 'finding.reopened', channel, is_on from notification_preferences
  where event_type = 'finding.status_changed' on conflict do nothing;
insert into notification_preferences (user_id, event_type, channel, is_on)
  select user_id, 'finding.severity_changed', channel, is_on from notification_preferences
  where event_type = 'finding.updated' on conflict do nothing;
-- A rule that could never send anything is switched off, and says why.
update notification_rules set enabled = 0,
  disabled_reason = 'It names no URL, so it could never send anything.'
  where channel not in ('in_app', 'email') and enabled = 1
  and id not in (select owner from destinations where owner_kind = 'rule');
-- The rules that a fresh install has in addition (promise R7). Whoever made one like it keeps theirs.
insert into notification_rules (id, event_type, channel, min_severity, company_id, filters, batch, format, enabled,
    disabled_reason, created_at, updated_at) values
  ('019a4c00-0000-7000-8000-000000000024', 'finding.created', 'in_app', 'critical', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000),
  ('019a4c00-0000-7000-8000-000000000025', 'finding.created', 'email', 'critical', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000),
  ('019a4c00-0000-7000-8000-000000000026', 'finding.reopened', 'in_app', '', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000),
  ('019a4c00-0000-7000-8000-000000000027', 'finding.reopened', 'email', '', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000),
  ('019a4c00-0000-7000-8000-000000000028', 'finding.severity_changed', 'in_app', 'high', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000),
  ('019a4c00-0000-7000-8000-00000000002a', 'platform.announced', 'in_app', '', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000),
  ('019a4c00-0000-7000-8000-00000000002b', 'platform.announced', 'email', '', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000),
  ('019a4c00-0000-7000-8000-000000000029', 'finding.severity_changed', 'email', 'high', '', '', 'import', 'standard', 1, '', 1795996800000000000, 1795996800000000000)
on conflict do nothing;
update notification_meta set value = value + 1 where name = 'rules';
-- Who follows a finding or a project.
create table follows (
  user_id text not null references users (id) on delete cascade,
  subject_id text not null,
  subject_type text not null,
  created_at bigint not null,
  primary key (subject_id, user_id)
);
create index follows_user on follows (user_id);
-- What administrators announce to everyone; until_at is 0 for what is shown until it is withdrawn.
create table announcements (
  id text not null primary key,
  title text not null,
  body text not null,
  until_at bigint not null,
  author_id text not null,
  created_at bigint not null,
  withdrawn_at bigint not null
);
-- What the chat channels of a team get: types separated by blanks, '*' for the shipped default; a severity or ''.
create table team_chats (
  team_id text not null primary key references teams (id) on delete cascade,
  event_types text not null,
  min_severity text not null
);
-- What an import or a bulk change brought in one company, gathered until all of its events are planned. closed_at is 0
-- until then; closer_event is the end of an import, '' for a bulk change. Only one of a bundle and company is open at a time.
create table event_groups (
  id text not null primary key,
  bundle_id text not null,
  company_id text not null,
  lead_event text not null,
  is_bulk bigint not null,
  closer_event text not null,
  created_at bigint not null,
  updated_at bigint not null,
  closed_at bigint not null
);
create unique index event_groups_open on event_groups (bundle_id, company_id) where closed_at = 0;
create index event_groups_waiting on event_groups (updated_at) where closed_at = 0;
-- Events of a group that are decided alike: same kind of change, same severity, same recipients for the same reasons.
-- targets is JSON like reasons, and what is sent where follows from it.
create table event_sets (
  id text not null primary key,
  group_id text not null references event_groups (id) on delete cascade,
  signature text not null,
  event_type text not null,
  severity text not null,
  change text not null,
  first_event text not null,
  count bigint not null,
  reasons text not null,
  targets text not null,
  unique (group_id, signature)
);
create table event_set_members (
  event_id text not null primary key,
  set_id text not null references event_sets (id) on delete cascade,
  finding_id text not null
);
create index event_set_members_set on event_set_members (set_id, event_id);
-- What one or several recipients of a group get: the sets that concern them, the events to name, most severe first.
create table event_digests (
  id text not null primary key,
  group_id text not null references event_groups (id) on delete cascade,
  content text not null
);
-- Webhook posts of a group that are still to be written: page after page, after the last event of the one before.
create table event_pages (
  group_id text not null references event_groups (id) on delete cascade,
  target_key text not null,
  digest_id text not null,
  target text not null,
  after_event text not null,
  page bigint not null,
  primary key (group_id, target_key)
);
-- The digest a message or a row is about, '' for one of a single event; the finding of a row about one.
alter table deliveries add column digest_id text not null default '';
create index deliveries_digest on deliveries (digest_id) where digest_id <> '';
alter table notifications add column digest_id text not null default '';
alter table notifications add column finding_id text not null default '';
create index notifications_finding on notifications (finding_id) where finding_id <> '' and read_at = 0;
