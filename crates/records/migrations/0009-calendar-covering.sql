-- The same indexes with all that an entry of the calendar says of a finding, so that one is read from them alone. When
-- it was made and changed is not in them: every change of a finding would be one of its indexes then.
drop index findings_open_sla;
drop index findings_open_retest;
drop index findings_open_company_sla;
drop index findings_open_company_retest;
create index findings_open_sla
  on findings (sla_due_at, id, company_id, project_id, status, severity, title)
  where status in ('open', 'in_progress', 'retest') and sla_due_at > 0;
create index findings_open_retest
  on findings (retest_due_at, id, company_id, project_id, status, severity, title)
  where status in ('open', 'in_progress', 'retest') and retest_due_at > 0;
create index findings_open_company_sla
  on findings (company_id, sla_due_at, id, project_id, status, severity, title)
  where status in ('open', 'in_progress', 'retest') and sla_due_at > 0;
create index findings_open_company_retest
  on findings (company_id, retest_due_at, id, project_id, status, severity, title)
  where status in ('open', 'in_progress', 'retest') and retest_due_at > 0;
