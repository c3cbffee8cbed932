-- Rules for kinds that came later (promise R7). Whoever made one like it keeps theirs.
insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, created_at, updated_at) values
  ('019a4c00-0000-7000-8000-000000000019', 'sla.escalated', 'in_app', '', '', 1, 1795651200000000000, 1795651200000000000),
  ('019a4c00-0000-7000-8000-000000000015', 'sla.escalated', 'email', '', '', 1, 1795651200000000000, 1795651200000000000),
  ('019a4c00-0000-7000-8000-000000000016', 'approval.expired', 'in_app', '', '', 1, 1795651200000000000, 1795651200000000000),
  ('019a4c00-0000-7000-8000-000000000017', 'approval.expired', 'email', '', '', 1, 1795651200000000000, 1795651200000000000),
  ('019a4c00-0000-7000-8000-000000000018', 'finding.commented', 'in_app', '', '', 1, 1795651200000000000, 1795651200000000000)
on conflict do nothing;
update notification_meta set value = value + 1 where name = 'rules';
