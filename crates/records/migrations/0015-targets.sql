-- What one tool's scan reports cover: an image, a category, a host, or the whole project (name ''). project_id is '' for
-- none; tool is the name of the tool without its version and spelling. reported_at is the time of the latest report, by
-- its own clock where it has one; root is the folder its paths are seen from.
create table scan_targets (
  id text not null primary key,
  company_id text not null references companies (id) on delete cascade,
  project_id text not null,
  tool text not null,
  name text not null,
  tool_name text not null,
  root text not null,
  last_scan_id text not null,
  reported_at bigint not null,
  retired_at bigint not null,
  created_at bigint not null
);
create unique index scan_targets_key on scan_targets (company_id, project_id, tool, name);
create index scan_targets_company on scan_targets (company_id, id);

-- Which targets a scan's report covered, and how it was before: what undoing the import puts back. not_whole is a JSON
-- list of reasons that is never searched.
create table scan_coverage (
  scan_id text not null references scans (id) on delete cascade,
  target_id text not null references scan_targets (id) on delete cascade,
  reported_at bigint not null,
  older bigint not null,
  whole bigint not null,
  not_whole text not null,
  before_scan_id text not null,
  before_reported_at bigint not null,
  before_root text not null,
  primary key (scan_id, target_id)
);
create index scan_coverage_target on scan_coverage (target_id, scan_id);

-- One import of a target's reports at a time. The row of a scan that was taken over has another scan: that is what each
-- portion checks.
create table target_leases (
  target_id text not null primary key references scan_targets (id) on delete cascade,
  scan_id text not null references scans (id) on delete cascade,
  renewed_at bigint not null
);
create index target_leases_scan on target_leases (scan_id);
create index target_leases_renewed on target_leases (renewed_at);

-- What an import overwrote, so that it can be undone: before is JSON that is never searched. What it created has its
-- scan as first_scan_id.
create table import_changes (
  scan_id text not null references scans (id) on delete cascade,
  finding_id text not null references findings (id) on delete cascade,
  before text not null,
  primary key (scan_id, finding_id)
);
create index import_changes_finding on import_changes (finding_id);
alter table scans add column undone_at bigint not null default 0;
-- What of a scan's report is worth saying at length: JSON that is never searched.
alter table scans add column report text not null default '';

-- What a finding is recognised by in the next report (formats::Identity), and what the last report said of it, field by
-- field as hashes. path is the file it is in, as seen from the root of its target. target_id, group_key and evidence are
-- '' for findings of before this version, until a report matches them.
create table finding_evidence (
  finding_id text not null primary key references findings (id) on delete cascade,
  target_id text not null,
  group_key text not null,
  evidence text not null,
  path text not null,
  said text not null
);
insert into finding_evidence (finding_id, target_id, group_key, evidence, path, said)
  select finding_id, '', '', '', '', said from finding_reports;
create index finding_evidence_group on finding_evidence (target_id, group_key, finding_id) where target_id <> '';
create index finding_evidence_path on finding_evidence (target_id, path) where path <> '';

-- details is JSON (formats::Details) that is never searched; component is the name in it, for the list.
alter table findings add column target_id text not null default '';
alter table findings add column details text not null default '';
alter table findings add column component text not null default '';
-- The judged finding from which this one differs in code or version only; '' for none.
alter table findings add column related_id text not null default '';
create index findings_target on findings (target_id, status) where target_id <> '';
create index findings_component on findings (company_id, component, id) where component <> '';
create index findings_untargeted on findings (company_id, project_id, tool) where target_id = '' and tool <> '';

create table finding_identifiers (
  finding_id text not null references findings (id) on delete cascade,
  identifier text not null,
  company_id text not null,
  primary key (finding_id, identifier)
);
create index finding_identifiers_name on finding_identifiers (identifier, company_id, finding_id);
-- Tables of before that nothing reads any more: finding_reports, import_leases. A later version drops them.
