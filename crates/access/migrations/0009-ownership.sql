-- Who is responsible for which findings of a company: the first rule that matches counts. matches is JSON that is
-- never searched.
create table ownership_rules (
  company_id text not null references companies (id) on delete cascade,
  position bigint not null,
  matches text not null,
  primary key (company_id, position)
);

-- Whom a rule names: members and teams of the company. The database holds it, so that leaving a company leaves its rules.
create table ownership_rule_users (
  company_id text not null,
  position bigint not null,
  user_id text not null,
  primary key (company_id, position, user_id),
  foreign key (company_id, position) references ownership_rules (company_id, position) on delete cascade,
  foreign key (company_id, user_id) references memberships (company_id, user_id) on delete cascade
);
create index ownership_rule_users_user on ownership_rule_users (company_id, user_id);

create table ownership_rule_teams (
  company_id text not null,
  position bigint not null,
  team_id text not null,
  primary key (company_id, position, team_id),
  foreign key (company_id, position) references ownership_rules (company_id, position) on delete cascade,
  foreign key (team_id, company_id) references teams (id, company_id) on delete cascade
);
create index ownership_rule_teams_team on ownership_rule_teams (team_id, company_id);

-- The owners of projects and assets, which other crates keep: they are deleted here when their record is.
create table owner_users (
  subject_type text not null,
  subject_id text not null,
  company_id text not null,
  user_id text not null,
  primary key (subject_type, subject_id, user_id),
  foreign key (company_id, user_id) references memberships (company_id, user_id) on delete cascade
);
create index owner_users_user on owner_users (company_id, user_id);

create table owner_teams (
  subject_type text not null,
  subject_id text not null,
  company_id text not null,
  team_id text not null,
  primary key (subject_type, subject_id, team_id),
  foreign key (team_id, company_id) references teams (id, company_id) on delete cascade
);
create index owner_teams_team on owner_teams (team_id, company_id);
