-- From which networks somebody signed in lately: an IPv4 address, or the first half of an IPv6 one.
create table sign_in_networks (
  user_id text not null references users (id) on delete cascade,
  network text not null,
  at bigint not null,
  primary key (user_id, network)
);
create index sign_in_networks_at on sign_in_networks (at);
-- IPv6 ones are known again from the next sign-in on.
insert into sign_in_networks (user_id, network, at)
  select u.id, e.address, max(e.at) from audit_entries e join users u on u.id = e.subject_id
  where e.action = 'session.started' and e.address <> '' and e.address not like '%:%'
  group by u.id, e.address;
