-- The orders of a company's list of findings, each with what the list is narrowed to most of the time: so the first of a
-- hundred thousand that fit are read from the index alone. The key of the deadline is findings::list's: none comes last.
drop index findings_company;
create index findings_company_newest on findings (company_id, id, status, severity_rank, project_id);
create index findings_company_severity on findings (company_id, severity_rank, id, status, project_id);
create index findings_company_due on findings
  (company_id, (case sla_due_at when 0 then 9223372036854775807 else sla_due_at end), id, status, severity_rank, project_id);
create index findings_company_updated on findings (company_id, updated_at, id, status, severity_rank, project_id);
