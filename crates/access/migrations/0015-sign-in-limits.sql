-- How many wrong passwords there were lately, over all nodes: key is a digest of what is counted, whole_at the time at which
-- its limit will be whole again.
create table sign_in_limits (
  key text primary key,
  whole_at bigint not null
);
create index sign_in_limits_whole on sign_in_limits (whole_at);
