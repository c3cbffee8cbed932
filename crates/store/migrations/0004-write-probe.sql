-- Written and emptied again to see whether changes are taken.
create table write_probe (
  id text not null primary key,
  filler text not null
);
