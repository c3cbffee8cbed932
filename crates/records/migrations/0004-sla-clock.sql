-- When the SLA clock has to look at a finding, at the latest; 0 for never. Whoever writes a deadline or a status writes
-- it, too. What is here already it looks at once.
alter table findings add column clock_at bigint not null default 0;
update findings set clock_at = 1
  where status in ('open', 'in_progress', 'retest') and (sla_due_at <> 0 or retest_due_at <> 0);
create index findings_clock on findings (clock_at) where clock_at > 0;

-- How near to a deadline its finding's people were told last: hours before, 0 for the deadline itself. kind is sla or
-- retest. Another deadline is another row, and no row ever goes back: that is "once for each deadline and step".
create table finding_steps (
  finding_id text not null references findings (id) on delete cascade,
  kind text not null,
  deadline bigint not null,
  step bigint not null,
  told_at bigint not null,
  primary key (finding_id, kind, deadline)
);
create table agreement_steps (
  agreement_id text not null references agreements (id) on delete cascade,
  deadline bigint not null,
  step bigint not null,
  told_at bigint not null,
  primary key (agreement_id, deadline)
);

-- The hours before a deadline at which a company wants its warnings, and a 0 for the deadline itself; a company without
-- a row has the settings' hours.
create table sla_steps (
  company_id text not null references companies (id) on delete cascade,
  hours bigint not null,
  primary key (company_id, hours)
);
-- Companies whose hours changed while findings still wait for other ones ('' for all that have the settings'), and up to
-- which finding they were gone through.
create table clock_sweeps (
  company_id text not null primary key,
  after_id text not null
);
-- The settings by which findings wait, to see at a start that they changed.
create table clock_settings (
  name text not null primary key,
  value text not null
);
