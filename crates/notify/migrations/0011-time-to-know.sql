-- From an event to the first person who read it: a row for each event that notified somebody, or for each set of events
-- that an import or a bulk change brought (event_sets), which counts as many as it holds. An event of a set that somebody
-- reads by itself gets a row of its own, and the set holds one less. reached is 0 where nobody was notified. due_at is when
-- the managers are notified unless somebody has read it by then, 0 for never; after_event is up to where that was done for a
-- set.
create table first_reads (
  id text not null primary key,
  set_id text not null default '',
  company_id text not null,
  subject_id text not null,
  event_type text not null,
  severity text not null,
  events bigint not null,
  reached bigint not null,
  at bigint not null,
  planned_at bigint not null,
  due_at bigint not null,
  after_event text not null default '',
  read_at bigint not null default 0,
  read_by text not null default '',
  read_how text not null default ''
);
create index first_reads_company on first_reads (company_id, at);
create index first_reads_subject on first_reads (subject_id) where read_at = 0 and subject_id <> '';
create index first_reads_due on first_reads (due_at) where due_at > 0;
-- The teams that were notified or are responsible.
create table first_read_teams (
  read_id text not null,
  team_id text not null,
  primary key (read_id, team_id)
);
-- Somebody marked all as read, which is one row however many there were: what that means for first_reads is worked out
-- afterwards.
create table read_alls (
  user_id text not null references users (id) on delete cascade,
  after_at bigint not null,
  upto_at bigint not null,
  at bigint not null,
  primary key (user_id, upto_at)
);
create index event_set_members_finding on event_set_members (finding_id);
-- Warnings that wait for a reader move here, but not what one of their people has read: whether that was so was only looked
-- at when a warning was due. Their records are not known to SQL: they are read in the inbox alone.
insert into first_reads (id, company_id, subject_id, event_type, severity, events, reached, at, planned_at, due_at)
  select e.id, e.company_id, '', e.kind,
    case when e.body like '%"severity":"urgent"%' then 'urgent' else 'critical' end, 1, 1, e.at, e.planned_at, x.due_at
  from escalations x join events e on e.id = x.event_id
  where not exists (select 1 from escalation_users u
    join notifications n on n.user_id = u.user_id and n.event_id = u.event_id
    join inbox_counters c on c.user_id = u.user_id
    where u.event_id = x.event_id and (n.read_at <> 0 or n.created_at <= c.all_read_at));
drop table escalation_users;
drop table escalations;
insert into notification_rules (id, event_type, channel, min_severity, company_id, filters, batch, format, enabled,
    disabled_reason, created_at, updated_at) values
  ('019a4c00-0000-7000-8000-00000000002c', 'finding.unread', 'in_app', '', '', '', 'import', 'standard', 1, '', 1796083200000000000, 1796083200000000000),
  ('019a4c00-0000-7000-8000-00000000002d', 'finding.unread', 'email', '', '', '', 'import', 'standard', 1, '', 1796083200000000000, 1796083200000000000)
on conflict do nothing;
update notification_meta set value = value + 1 where name = 'rules';
