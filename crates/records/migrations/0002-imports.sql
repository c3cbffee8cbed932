-- One import of a tool's reports into a place at a time. Who holds a row renews it with every portion that is written;
-- one that is not renewed any more belongs to an import that broke off. project_id is '' for none.
create table import_leases (
  company_id text not null references companies (id) on delete cascade,
  project_id text not null,
  tool text not null,
  scan_id text not null references scans (id) on delete cascade,
  renewed_at bigint not null,
  primary key (company_id, project_id, tool)
);
create index import_leases_scan on import_leases (scan_id);
create index import_leases_renewed on import_leases (renewed_at);

-- What the last report said of a finding, field by field as hashes: what it says again is no reason to overwrite what
-- a person changed since.
create table finding_reports (
  finding_id text not null primary key references findings (id) on delete cascade,
  said text not null
);
