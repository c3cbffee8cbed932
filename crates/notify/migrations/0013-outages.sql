-- An outage is told of once. last_given_up_at is when a message to the destination was last given up, notified_at when its
-- owner was last notified of that; each 0 where it was not, or since somebody saved the URL again.
alter table destinations add column last_given_up_at bigint not null default 0;
alter table destinations add column notified_at bigint not null default 0;
update destinations set last_given_up_at = given_up_at, notified_at = given_up_at;
