-- The name of this database where nodes of several databases exchange texts: one row, inserted by the node that needs it first.
create table line_name (
  one bigint not null primary key,
  name text not null
);
