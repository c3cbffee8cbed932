-- What did not arrive at a destination, to send it again.
create index deliveries_troubled_there on deliveries (target_key, updated_at)
  where state in ('refused', 'failed', 'unknown', 'cancelled');
-- Which secret posts to a webhook URL are signed with, where it was ever changed: the first one has no row. The one
-- before lives on for a while after rotated_at.
create table webhook_secrets (
  target_key text not null primary key,
  version bigint not null,
  rotated_at bigint not null
);
-- The form of a rule's posts to webhooks.
alter table notification_rules add column format text not null default 'standard';
