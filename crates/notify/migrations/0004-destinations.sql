-- What did not arrive at a destination, to send it again.
create index deliveries_troubled_there on deliveries (target_key, updated_at)
  where state in ('refused', 'failed', 'unknown', 'cancelled');
