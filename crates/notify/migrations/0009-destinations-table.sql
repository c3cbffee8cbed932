-- Every URL that messages are posted to, with its owner: a rule, a team or a person. owner is the one of rule_id,
-- team_id and user_id that is set; the last two make the row go with its owner. A URL is sealed, for the row itself or,
-- where it was copied, for what sealed_for says; target_key is the keyed
-- hash that makes two rows the same URL, '' until the server that knows the key has worked it out. refusals is how many
-- messages in a row it refused for good, off_at when it was switched off because of that, given_up_at when its owner was
-- told that messages to it are given up; each 0 where it is not so. attempts, successes and took_ms (how long they took
-- in all) are of about the last thousand attempts.
-- Rows of the owner_kind platform have no URL: the mail server, and mail addresses that messages were given up for.
create table destinations (
  id text not null primary key,
  owner_kind text not null,
  owner text not null,
  rule_id text,
  team_id text references teams (id) on delete cascade,
  user_id text references users (id) on delete cascade,
  channel text not null,
  sealed text not null,
  sealed_for text not null default '',
  target_key text not null,
  label text not null,
  template text not null,
  saved_at bigint not null,
  refusals bigint not null,
  off_at bigint not null,
  off_reason text not null,
  given_up_at bigint not null,
  last_success_at bigint not null default 0,
  last_status bigint not null default 0,
  attempts bigint not null default 0,
  successes bigint not null default 0,
  took_ms bigint not null default 0,
  unique (owner_kind, owner, channel, target_key)
);
create index destinations_key on destinations (target_key);
create index destinations_off on destinations (target_key) where off_at > 0;
create index destinations_rule on destinations (rule_id) where rule_id is not null;
create index destinations_team on destinations (team_id) where team_id is not null;
create index destinations_user on destinations (user_id) where user_id is not null;

-- The URLs move here as they were sealed; their old columns and rows are read by nothing any more.
insert into destinations (id, owner_kind, owner, rule_id, team_id, user_id, channel, sealed, target_key, label, template,
    saved_at, refusals, off_at, off_reason, given_up_at)
  select r.id, 'rule', r.rule_id, r.rule_id, null, null, n.channel, r.sealed, r.target_key, r.label, '', n.updated_at,
    coalesce(h.refusals, 0), coalesce(h.off_at, 0), coalesce(h.reason, ''), 0
  from notification_rule_recipients r join notification_rules n on n.id = r.rule_id
    left join destination_health h on h.target_key = r.target_key
  where r.kind = 'url';
-- A team or a person had one URL on a channel, so an id of theirs names it: with version 8 instead of 7, and another
-- first digit where there are two channels.
insert into destinations (id, owner_kind, owner, rule_id, team_id, user_id, channel, sealed, target_key, label, template,
    saved_at, refusals, off_at, off_reason, given_up_at)
  select substr(id, 1, 14) || '8' || substr(id, 16), 'team', id, null, id, null, 'slack', slack_sealed, '', slack_mask, '',
    slack_saved_at, 0, 0, '', 0 from teams where slack_sealed <> '';
insert into destinations (id, owner_kind, owner, rule_id, team_id, user_id, channel, sealed, target_key, label, template,
    saved_at, refusals, off_at, off_reason, given_up_at)
  select 'f' || substr(id, 2, 13) || '8' || substr(id, 16), 'team', id, null, id, null, 'teams', teams_sealed, '', teams_mask,
    '', teams_saved_at, 0, 0, '', 0 from teams where teams_sealed <> '';
insert into destinations (id, owner_kind, owner, rule_id, team_id, user_id, channel, sealed, target_key, label, template,
    saved_at, refusals, off_at, off_reason, given_up_at)
  select case c.channel when 'slack' then '' else 'f' end || substr(c.user_id, case c.channel when 'slack' then 1 else 2 end,
      case c.channel when 'slack' then 14 else 13 end) || '8' || substr(c.user_id, 16),
    'user', c.user_id, null, null, c.user_id, c.channel, c.sealed, c.target_key, c.label, '', 0,
    coalesce(h.refusals, 0), coalesce(h.off_at, 0), coalesce(h.reason, ''), 0
  from chat_settings c left join destination_health h on h.target_key = c.target_key
  where c.sealed <> '';
-- Messages wait by URL now, no longer by host.
update deliveries set lane = target_key where state in ('pending', 'sending') and channel <> 'email';
-- What a whole channel missed, to send it again.
create index deliveries_troubled_on on deliveries (channel, updated_at)
  where state in ('refused', 'failed', 'unknown', 'cancelled');
-- Owners and administrators hear of what is given up. An administrator can switch this rule off like any other.
insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, created_at, updated_at) values
  ('019a4c00-0000-7000-8000-0000000000b1', 'delivery.failed', 'in_app', '', '', 1, 1793750400000000000, 1793750400000000000);
update notification_meta set value = value + 1 where name = 'rules';
