-- What a dashboard counts, each from one index alone: the open findings by severity and deadline, and when findings of a
-- company came and were closed.
create index findings_open_counts on findings (company_id, severity, sla_due_at)
  where status in ('open', 'in_progress', 'retest');
create index findings_company_days on findings (company_id, created_at, closed_at);
