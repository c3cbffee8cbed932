-- planned_at is -1 for an event that the server could not read, as one of a kind that only a later version knows: it waits
-- apart from the others until a server reads it.
create index events_set_aside on events (id) where planned_at < 0;
