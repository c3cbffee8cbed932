-- What people read of the past, the newest first. bundled is 1 for an event that came with others, of an import or a
-- change of many: of all of them one more event tells. Those of before are known by this: they were born planned.
alter table events add column bundled bigint not null default 0;
update events set bundled = 1 where planned_at = at;
create index events_told_company on events (company_id, id) where bundled = 0;
