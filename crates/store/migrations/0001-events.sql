-- What happened, in the order of ids on one node. planned_at is 0 until the engine has decided whom to tell.
create table events (
  id text not null primary key,
  kind text not null,
  at bigint not null,
  company_id text not null,
  planned_at bigint not null,
  body text not null
);
create index events_unplanned on events (id) where planned_at = 0;
create index events_company on events (company_id, id);
create index events_at on events (at);
