-- What is due in a time, of open findings alone: in the calendar's order, for everyone and for a company. They take the
-- place of those over all findings, which no statement asks for. The statuses are findings::Status::OPEN_SQL.
drop index findings_sla;
drop index findings_retest;
drop index findings_company_sla;
drop index findings_company_retest;
create index findings_open_sla on findings (sla_due_at, id)
  where status in ('open', 'in_progress', 'retest') and sla_due_at > 0;
create index findings_open_retest on findings (retest_due_at, id)
  where status in ('open', 'in_progress', 'retest') and retest_due_at > 0;
create index findings_open_company_sla on findings (company_id, sla_due_at, id)
  where status in ('open', 'in_progress', 'retest') and sla_due_at > 0;
create index findings_open_company_retest on findings (company_id, retest_due_at, id)
  where status in ('open', 'in_progress', 'retest') and retest_due_at > 0;
