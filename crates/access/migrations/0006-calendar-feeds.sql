-- What a key of the kind 'calendar' opens, as JSON of the crate calendar that is never searched; '' for the other kinds.
alter table credentials add column settings text not null default '';
