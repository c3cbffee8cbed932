-- How many reports a person and a company asked for lately, how much room those of a company take, which companies wait,
-- and whose files are old. A report that is expired has a size until the last part of its file is deleted.
create index reports_created_by on reports (created_by, id);
create index reports_stored on reports (company_id, size) where status = 'ready';
create index reports_waiting_company on reports (company_id, id) where status in ('pending', 'running');
create index reports_finished on reports (finished_at) where status = 'ready';
create index reports_expired on reports (id) where status = 'expired' and size > 0;
