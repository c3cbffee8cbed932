-- The event that told of a step, for the way from it to who was told. It is '' for steps of before, and for those of an
-- import or a change of many, of which one more event tells.
alter table finding_moves add column event_id text not null default '';
