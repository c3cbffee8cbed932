-- What else the dashboard counts, read from indexes alone. assigned is 1 where somebody sees to a finding: to look that up
-- for each of a hundred thousand takes longer than all else. Triggers keep it, so that it is right also where the
-- database itself takes an assignee away with a person or a team. The statuses are findings::Status::OPEN_SQL.
alter table findings add column assigned bigint not null default 0;
update findings set assigned = 1 where id in (select finding_id from finding_users)
  or id in (select finding_id from finding_teams);

-- In place of the counts by deadline, which the calendar's indexes know too.
drop index findings_open_counts;
create index findings_open_company on findings (company_id, severity, assigned, status)
  where status in ('open', 'in_progress', 'retest');
create index findings_company_closed on findings (company_id, closed_at) where closed_at > 0;
create index approvals_requested on approvals (company_id) where status = 'requested';

-- on sqlite:
create trigger finding_users_assigned after insert on finding_users
begin
  update findings set assigned = 1 where id = new.finding_id and assigned = 0;
end;
create trigger finding_teams_assigned after insert on finding_teams
begin
  update findings set assigned = 1 where id = new.finding_id and assigned = 0;
end;
create trigger finding_users_gone after delete on finding_users
begin
  update findings set assigned = 0 where id = old.finding_id
    and not exists (select 1 from finding_users u where u.finding_id = old.finding_id)
    and not exists (select 1 from finding_teams t where t.finding_id = old.finding_id);
end;
create trigger finding_teams_gone after delete on finding_teams
begin
  update findings set assigned = 0 where id = old.finding_id
    and not exists (select 1 from finding_users u where u.finding_id = old.finding_id)
    and not exists (select 1 from finding_teams t where t.finding_id = old.finding_id);
end;
-- on postgres:
create function finding_assigned() returns trigger language plpgsql as $$
begin
  update findings set assigned = 1 where id = new.finding_id and assigned = 0;
  return null;
end
$$;
create function finding_assignee_gone() returns trigger language plpgsql as $$
begin
  update findings set assigned = 0 where id = old.finding_id
    and not exists (select 1 from finding_users u where u.finding_id = old.finding_id)
    and not exists (select 1 from finding_teams t where t.finding_id = old.finding_id);
  return null;
end
$$;
create trigger finding_users_assigned after insert on finding_users
  for each row execute function finding_assigned();
create trigger finding_teams_assigned after insert on finding_teams
  for each row execute function finding_assigned();
create trigger finding_users_gone after delete on finding_users
  for each row execute function finding_assignee_gone();
create trigger finding_teams_gone after delete on finding_teams
  for each row execute function finding_assignee_gone();
-- on both:
