-- Who may see what. Booleans are 0 or 1, times nanoseconds UTC, 0 and '' stand for none.
create table companies (
  id text not null primary key,
  name text not null,
  created_at bigint not null,
  updated_at bigint not null
);

-- email_key is the address in its normalised form; password_hash is a PHC string, '' for one who cannot sign in.
create table users (
  id text not null primary key,
  email text not null,
  email_key text not null unique,
  name text not null,
  password_hash text not null,
  is_admin bigint not null,
  disabled bigint not null,
  created_at bigint not null,
  updated_at bigint not null
);

create table memberships (
  company_id text not null references companies (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  role text not null,
  created_at bigint not null,
  primary key (company_id, user_id)
);
create index memberships_user on memberships (user_id, company_id);

-- The addresses are sealed (access::Vault); their masks are what may be shown.
create table teams (
  id text not null primary key,
  company_id text not null references companies (id) on delete cascade,
  name text not null,
  slack_sealed text not null,
  slack_mask text not null,
  teams_sealed text not null,
  teams_mask text not null,
  created_at bigint not null,
  updated_at bigint not null,
  unique (company_id, name),
  unique (id, company_id)
);

-- Who is in a team is in its company: the database holds it, so that leaving a company leaves its teams.
create table team_members (
  team_id text not null,
  company_id text not null,
  user_id text not null,
  primary key (team_id, user_id),
  foreign key (team_id, company_id) references teams (id, company_id) on delete cascade,
  foreign key (company_id, user_id) references memberships (company_id, user_id) on delete cascade
);
create index team_members_user on team_members (company_id, user_id);

-- Sessions and API tokens. hash is the SHA-256 of the token in hexadecimal; the token itself is nowhere.
create table credentials (
  id text not null primary key,
  user_id text not null references users (id) on delete cascade,
  kind text not null,
  hash text not null unique,
  name text not null,
  created_at bigint not null,
  expires_at bigint not null,
  last_used_at bigint not null
);
create index credentials_user on credentials (user_id, id);
create index credentials_expiry on credentials (expires_at);
