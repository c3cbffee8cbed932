-- Events that other platforms brought: by this key each is taken once. source and source_id are the other platform's
-- own (CloudEvents' source and id), event_id is ours; sent_by is the person whose session or token brought it.
create table external_events (
  company_id text not null references companies (id) on delete cascade,
  source text not null,
  source_id text not null,
  event_id text not null,
  sent_by text not null,
  received_at bigint not null,
  primary key (company_id, source, source_id)
);
