-- Whoever assigns findings now sets `assigned` itself, in one statement for many: a trigger for each row was a large part of
-- what assigning a thousand findings to a hundred people costs. SQLite keeps the triggers for what goes, since the database
-- itself takes assignees away with a person or a team. PostgreSQL keeps all of them, once for each statement: a node of the
-- version before may still rest on them.
-- on sqlite:
drop trigger finding_users_assigned;
drop trigger finding_teams_assigned;
-- on postgres:
drop trigger finding_users_assigned on finding_users;
drop trigger finding_teams_assigned on finding_teams;
drop trigger finding_users_gone on finding_users;
drop trigger finding_teams_gone on finding_teams;
drop function finding_assigned();
drop function finding_assignee_gone();
create function finding_assignees_come() returns trigger language plpgsql as $$
begin
  update findings set assigned = 1 where assigned = 0 and id in (select c.finding_id from come c);
  return null;
end
$$;
create function finding_assignees_gone() returns trigger language plpgsql as $$
begin
  update findings set assigned = 0 where assigned = 1 and id in (select g.finding_id from gone g)
    and not exists (select 1 from finding_users u where u.finding_id = findings.id)
    and not exists (select 1 from finding_teams t where t.finding_id = findings.id);
  return null;
end
$$;
create trigger finding_users_come after insert on finding_users
  referencing new table as come for each statement execute function finding_assignees_come();
create trigger finding_teams_come after insert on finding_teams
  referencing new table as come for each statement execute function finding_assignees_come();
create trigger finding_users_gone after delete on finding_users
  referencing old table as gone for each statement execute function finding_assignees_gone();
create trigger finding_teams_gone after delete on finding_teams
  referencing old table as gone for each statement execute function finding_assignees_gone();
