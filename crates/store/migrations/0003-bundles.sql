-- What an event came with, so that the engine sees when all events of an import or a bulk change are planned; '' for one
-- that came alone. Events of a bundle wait apart from the others: nobody waits behind a large import.
alter table events add column bundle_id text not null default '';
drop index events_unplanned;
create index events_unplanned on events (id) where planned_at = 0 and bundle_id = '';
create index events_unplanned_bundled on events (id) where planned_at = 0 and bundle_id <> '';
create index events_unplanned_bundle on events (bundle_id) where planned_at = 0 and bundle_id <> '';
