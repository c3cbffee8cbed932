-- Whether a person wants to be notified of what they did themselves.
alter table users add column notify_own_actions bigint not null default 0;
