-- Messages that the server could not read, and events that it could not plan: what administrators are shown of them.
create index deliveries_set_aside on deliveries (id) where state = 'set_aside';
create index event_plans_faults on event_plans (event_id) where fault <> '';
