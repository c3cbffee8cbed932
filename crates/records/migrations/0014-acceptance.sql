-- 0 while a finding is in the latest whole report of its target, or was never reported; otherwise when that report was
-- taken. An acceptance that ends then closes the finding instead of opening it again.
alter table findings add column gone_at bigint not null default 0;

-- version is raised by each change of the request: a decision names the one it read. accepted_severity is how severe the
-- finding was when its risk was accepted, '' before that; of acceptances from before this column, how severe it is now.
alter table approvals add column version bigint not null default 1;
alter table approvals add column accepted_severity text not null default '';
update approvals set accepted_severity = (select f.severity from findings f where f.id = approvals.finding_id)
  where status = 'approved';

-- Who wrote or changed a request: none of them decides it. Until now only who wrote it is known.
create table approval_authors (
  approval_id text not null references approvals (id) on delete cascade,
  user_id text not null,
  primary key (approval_id, user_id)
);
insert into approval_authors (approval_id, user_id) select id, requested_by from approvals where requested_by <> '';

-- Acceptances that hold, by their end. An unapproved one is of a finding that was accepted before an approval was
-- needed; a request may be open beside it. The statuses are approvals::Status::HOLDING_SQL.
drop index approvals_expires;
create index approvals_holding on approvals (expires_at, id) where status in ('approved', 'unapproved');
create index approvals_company_holding on approvals (company_id, expires_at, id)
  where status in ('approved', 'unapproved');
create unique index approvals_unapproved on approvals (finding_id) where status = 'unapproved';
-- Accepted findings, to find those without an approval at a start.
create index findings_accepted on findings (id) where status = 'accepted_risk';

-- How near to the end of an acceptance its people were notified last, in hours before it. No row ever goes back.
create table approval_steps (
  approval_id text not null references approvals (id) on delete cascade,
  deadline bigint not null,
  step bigint not null,
  told_at bigint not null,
  primary key (approval_id, deadline)
);

-- What a deleted finding went through. No id is a foreign key: they outlive what they name. The audit log says who
-- deleted it.
create table deleted_findings (
  id text not null primary key,
  company_id text not null,
  title text not null,
  deleted_by text not null,
  deleted_at bigint not null
);
create table deleted_finding_moves (
  id text not null primary key,
  finding_id text not null,
  from_status text not null,
  to_status text not null,
  comment text not null,
  actor_id text not null,
  scan_id text not null,
  at bigint not null,
  changes text not null,
  event_id text not null
);
create index deleted_finding_moves_finding on deleted_finding_moves (finding_id, id);
create table deleted_finding_comments (
  id text not null primary key,
  finding_id text not null,
  author_id text not null,
  body text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index deleted_finding_comments_finding on deleted_finding_comments (finding_id, id);
