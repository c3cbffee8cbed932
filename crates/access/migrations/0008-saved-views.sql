-- Lists of the console as somebody keeps them: a page with the query of its address.
create table saved_views (
  id text not null primary key,
  user_id text not null references users (id) on delete cascade,
  page text not null,
  name text not null,
  query text not null,
  created_at bigint not null,
  unique (user_id, page, name)
);
create index saved_views_user on saved_views (user_id, id);
