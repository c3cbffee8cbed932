-- What findings are about: hosts, applications, repositories. identifier is its address, URL or path, '' for none.
create table assets (
  id text not null primary key,
  company_id text not null references companies (id),
  name text not null,
  kind text not null,
  identifier text not null,
  description text not null,
  criticality text not null,
  status text not null,
  search text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index assets_company on assets (company_id, id);

alter table findings add column asset_id text not null default '';
create index findings_asset on findings (asset_id) where asset_id <> '';

-- Framework agreements. Days are their midnights UTC; expires_at is the last day on which it holds. hours are those
-- agreed on, -1 for none; hours_used are those spent of them.
create table agreements (
  id text not null primary key,
  company_id text not null references companies (id),
  name text not null,
  reference text not null,
  description text not null,
  status text not null,
  starts_at bigint not null,
  expires_at bigint not null,
  hours bigint not null,
  hours_used bigint not null,
  search text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index agreements_company on agreements (company_id, id);
create index agreements_expires on agreements (expires_at) where status = 'active';
create index agreements_company_expires on agreements (company_id, expires_at) where status = 'active';

-- Requests to accept the risk of a finding until a time. Names stay when their people are gone.
create table approvals (
  id text not null primary key,
  company_id text not null references companies (id),
  finding_id text not null references findings (id) on delete cascade,
  reason text not null,
  status text not null,
  expires_at bigint not null,
  requested_by text not null,
  decided_by text not null,
  decided_at bigint not null,
  comment text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index approvals_company on approvals (company_id, id);
create index approvals_finding on approvals (finding_id, id);
-- One that is asked for or holds, at a time.
create unique index approvals_current on approvals (finding_id) where status in ('requested', 'approved');
create index approvals_expires on approvals (expires_at) where status = 'approved';

-- Reports made in the background. filter is JSON that is never searched; claimed_at is when a node last said that it
-- is at work on it.
create table reports (
  id text not null primary key,
  company_id text not null references companies (id),
  project_id text not null,
  name text not null,
  format text not null,
  filter text not null,
  status text not null,
  findings bigint not null,
  size bigint not null,
  error text not null,
  claimed_at bigint not null,
  created_by text not null,
  search text not null,
  created_at bigint not null,
  updated_at bigint not null,
  finished_at bigint not null
);
create index reports_company on reports (company_id, id);
create index reports_waiting on reports (id) where status in ('pending', 'running');

create table report_parts (
  report_id text not null references reports (id) on delete cascade,
  part bigint not null,
  body text not null,
  primary key (report_id, part)
);

create table finding_comments (
  id text not null primary key,
  finding_id text not null references findings (id) on delete cascade,
  author_id text not null,
  body text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index finding_comments_finding on finding_comments (finding_id, id);
