-- Times are nanoseconds since 1970, 0 for none; '' is no text or no id. search is the lower-cased text that lists
-- look into: lower() of the databases knows different letters.
create table projects (
  id text not null primary key,
  company_id text not null references companies (id),
  name text not null,
  description text not null,
  status text not null,
  -- Midnight UTC of the day.
  starts_at bigint not null,
  ends_at bigint not null,
  search text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index projects_company on projects (company_id, id);
create index projects_starts on projects (starts_at);
create index projects_ends on projects (ends_at);

-- counts is the JSON of what an import did, '' before its end. It is never searched.
create table scans (
  id text not null primary key,
  company_id text not null references companies (id),
  project_id text not null,
  name text not null,
  tool text not null,
  status text not null,
  scheduled_at bigint not null,
  started_at bigint not null,
  finished_at bigint not null,
  counts text not null,
  error text not null,
  created_by text not null,
  search text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index scans_company on scans (company_id, id);
create index scans_project on scans (project_id, id);
create index scans_status on scans (status, company_id, scheduled_at);

-- A finding of no tool has its own id as fingerprint, so that the key never stands in its way.
create table findings (
  id text not null primary key,
  company_id text not null references companies (id),
  project_id text not null,
  tool text not null,
  fingerprint text not null,
  rule_id text not null,
  location text not null,
  cwe text not null,
  title text not null,
  description text not null,
  severity text not null,
  -- The place of the severity on the scale, for sorting.
  severity_rank bigint not null,
  status text not null,
  first_scan_id text not null,
  last_scan_id text not null,
  sla_due_at bigint not null,
  -- 1 where a person set the deadline: the SLA days leave it alone then.
  sla_by_hand bigint not null,
  retest_due_at bigint not null,
  closed_at bigint not null,
  closed_by_scan bigint not null,
  created_by text not null,
  search text not null,
  created_at bigint not null,
  updated_at bigint not null,
  last_seen_at bigint not null
);
create unique index findings_fingerprint on findings (company_id, project_id, tool, fingerprint);
create index findings_company on findings (company_id, id);
create index findings_project on findings (project_id, id) where project_id <> '';
create index findings_first_scan on findings (first_scan_id) where first_scan_id <> '';
create index findings_last_scan on findings (last_scan_id) where last_scan_id <> '';
create index findings_sla on findings (sla_due_at) where sla_due_at > 0;
create index findings_retest on findings (retest_due_at) where retest_due_at > 0;
create index findings_company_sla on findings (company_id, sla_due_at) where sla_due_at > 0;
create index findings_company_retest on findings (company_id, retest_due_at) where retest_due_at > 0;

create table finding_users (
  finding_id text not null references findings (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  primary key (finding_id, user_id)
);
create index finding_users_user on finding_users (user_id, finding_id);

create table finding_teams (
  finding_id text not null references findings (id) on delete cascade,
  team_id text not null references teams (id) on delete cascade,
  primary key (finding_id, team_id)
);
create index finding_teams_team on finding_teams (team_id, finding_id);

-- Every step of a finding's life. actor_id is '' for the system.
create table finding_moves (
  id text not null primary key,
  finding_id text not null references findings (id) on delete cascade,
  from_status text not null,
  to_status text not null,
  comment text not null,
  actor_id text not null,
  scan_id text not null,
  at bigint not null
);
create index finding_moves_finding on finding_moves (finding_id, id);

-- What a company sets instead of the settings' days; 0 for no deadline.
create table sla_days (
  company_id text not null references companies (id) on delete cascade,
  severity text not null,
  days bigint not null,
  primary key (company_id, severity)
);
