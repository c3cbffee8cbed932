-- Tags of findings, projects and assets: tags is their JSON list ('' for none), for showing them; the tables say it again,
-- for looking a tag up.
alter table findings add column tags text not null default '';
alter table projects add column tags text not null default '';
alter table assets add column tags text not null default '';

create table finding_tags (
  finding_id text not null references findings (id) on delete cascade,
  tag text not null,
  company_id text not null,
  primary key (finding_id, tag)
);
create index finding_tags_tag on finding_tags (tag, company_id, finding_id);

create table project_tags (
  project_id text not null references projects (id) on delete cascade,
  tag text not null,
  company_id text not null,
  primary key (project_id, tag)
);
create index project_tags_tag on project_tags (tag, company_id, project_id);

create table asset_tags (
  asset_id text not null references assets (id) on delete cascade,
  tag text not null,
  company_id text not null,
  primary key (asset_id, tag)
);
create index asset_tags_tag on asset_tags (tag, company_id, asset_id);
