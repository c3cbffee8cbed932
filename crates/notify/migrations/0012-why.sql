-- Why the recipient of a message or a row gets it, as JSON; '' where it was not kept (before this step, and on webhooks).
alter table deliveries add column why text not null default '';
alter table notifications add column why text not null default '';
-- The trace and the dry run ask what became of an import or a bulk change, long after it is over.
create index event_groups_bundle on event_groups (bundle_id);
create index event_digests_group on event_digests (group_id);
