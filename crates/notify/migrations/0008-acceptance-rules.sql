-- Rules for the end of a risk acceptance and for a finding that outgrew one (promises H3 and H4).
insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, created_at, updated_at) values
  ('019a4c00-0000-7000-8000-000000000020', 'approval.expiring', 'in_app', '', '', 1, 1795993200000000000, 1795993200000000000),
  ('019a4c00-0000-7000-8000-000000000021', 'approval.expiring', 'email', '', '', 1, 1795993200000000000, 1795993200000000000),
  ('019a4c00-0000-7000-8000-000000000022', 'approval.outgrown', 'in_app', '', '', 1, 1795993200000000000, 1795993200000000000),
  ('019a4c00-0000-7000-8000-000000000023', 'approval.outgrown', 'email', '', '', 1, 1795993200000000000, 1795993200000000000)
on conflict do nothing;
update notification_meta set value = value + 1 where name = 'rules';
