-- The log of deliveries is read newest first for each channel and state by itself.
create index deliveries_listed on deliveries (channel, state, id);
