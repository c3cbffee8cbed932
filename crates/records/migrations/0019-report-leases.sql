-- One node at a time generates a report. The row of a report that was taken over has another holder.
create table report_leases (
  report_id text not null primary key references reports (id) on delete cascade,
  holder text not null,
  renewed_at bigint not null
);
create index report_leases_holder on report_leases (holder);
