-- '' for a message that stands alone; its own id for a summary, the summary's for one that is told of there.
alter table deliveries add column summary_id text not null default '';
create index deliveries_bundled on deliveries (id) where state = 'bundled';
create index deliveries_summarised on deliveries (summary_id, id) where state = 'bundled';
-- Per person or address and destination: when the single messages of the last minute were planned (nanoseconds,
-- separated by blanks), the last summary, and until when it collects. The row is also the lock on them.
create table delivery_bursts (
  channel text not null,
  recipient text not null,
  target_key text not null,
  singles text not null,
  summary_id text not null,
  summary_at bigint not null,
  updated_at bigint not null,
  primary key (channel, recipient, target_key)
);
