-- Who changed what, when, from what to what. Names are those of that moment and no id is a foreign key: an entry
-- outlives whom and what it is about. '' stands for none. details_before and details_after are JSON objects of what
-- changed, secrets masked, never searched.
create table audit_entries (
  id text not null primary key,
  at bigint not null,
  action text not null,
  actor_id text not null,
  actor_name text not null,
  credential text not null,
  credential_id text not null,
  address text not null,
  subject_type text not null,
  subject_id text not null,
  subject_name text not null,
  company_id text not null,
  details_before text not null,
  details_after text not null
);
create index audit_entries_actor on audit_entries (actor_id, id);
create index audit_entries_action on audit_entries (action, id);
create index audit_entries_company on audit_entries (company_id, id);
create index audit_entries_subject on audit_entries (subject_id, id);
create index audit_entries_at on audit_entries (at, id);

-- What is written stays: the database itself refuses.
-- on sqlite:
create trigger audit_entries_no_update before update on audit_entries
begin
  select raise(abort, 'the audit log is only appended to');
end;
create trigger audit_entries_no_delete before delete on audit_entries
begin
  select raise(abort, 'the audit log is only appended to');
end;
-- on postgres:
create function audit_entries_refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is only appended to';
end
$$;
create trigger audit_entries_no_change before update or delete or truncate on audit_entries
  for each statement execute function audit_entries_refuse();
-- on both:
