-- 0010 gave a copied rule, address or URL the id of the old one with another digit. One in sixteen had that digit already,
-- so that it was not copied; a webhook rule without its URL was switched off. They are copied now, with version 8 in their
-- ids instead of 7.
insert into notification_rules (id, event_type, channel, min_severity, company_id, filters, batch, format, enabled,
    disabled_reason, created_at, updated_at)
  select substr(id, 1, 14) || '8' || substr(id, 16),
    case event_type when 'finding.status_changed' then 'finding.reopened' else 'finding.severity_changed' end, channel,
    min_severity, company_id, filters, batch, format, enabled, disabled_reason, created_at, updated_at
  from notification_rules
  where event_type = 'finding.status_changed' and substr(id, 25, 1) = 'c'
    or event_type = 'finding.updated' and substr(id, 25, 1) = 'd'
  on conflict do nothing;
insert into notification_rule_recipients (id, rule_id, kind, value, sealed, label, lane, target_key)
  select substr(r.id, 1, 14) || '8' || substr(r.id, 16), c.id, r.kind, r.value, r.sealed, r.label, r.lane, r.target_key
  from notification_rule_recipients r
  join notification_rules n on n.id = r.rule_id and n.event_type in ('finding.status_changed', 'finding.updated')
  join notification_rules c on c.channel = n.channel and c.created_at = n.created_at
    and c.event_type in ('finding.reopened', 'finding.severity_changed')
    and (c.id = substr(n.id, 1, 14) || '8' || substr(n.id, 16)
      or c.id = substr(n.id, 1, 24) || substr(r.id, 25, 1) || substr(n.id, 26))
  on conflict do nothing;
insert into destinations (id, owner_kind, owner, rule_id, team_id, user_id, channel, sealed, sealed_for, target_key, label,
    template, saved_at, refusals, off_at, off_reason, given_up_at, last_given_up_at, notified_at)
  select substr(r.id, 1, 14) || '8' || substr(r.id, 16), 'rule', c.id, c.id, null, null, r.channel, r.sealed,
    'rule ' || r.rule_id || ' recipient ' || r.id, r.target_key, r.label, r.template, r.saved_at, r.refusals, r.off_at,
    r.off_reason, r.given_up_at, r.last_given_up_at, r.notified_at
  from destinations r
  join notification_rules n on n.id = r.rule_id and n.event_type in ('finding.status_changed', 'finding.updated')
  join notification_rules c on c.channel = n.channel and c.created_at = n.created_at
    and c.event_type in ('finding.reopened', 'finding.severity_changed')
    and (c.id = substr(n.id, 1, 14) || '8' || substr(n.id, 16)
      or c.id = substr(n.id, 1, 24) || substr(r.id, 25, 1) || substr(n.id, 26))
  on conflict do nothing;
update notification_rules set enabled = 1, disabled_reason = ''
  where event_type in ('finding.reopened', 'finding.severity_changed')
  and disabled_reason = 'It names no URL, so it could never send anything.'
  and id in (select owner from destinations where owner_kind = 'rule');
update notification_meta set value = value + 1 where name = 'rules';
