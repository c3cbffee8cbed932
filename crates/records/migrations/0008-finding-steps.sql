-- A step of a finding's life is also a change of its details or of who sees to it: from_status and to_status are '' then,
-- and changes is JSON that is never searched: [{"field", "before", "after"}].
alter table finding_moves add column changes text not null default '';
