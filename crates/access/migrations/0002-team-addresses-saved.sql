-- When a team's addresses were last saved, be it as the same ones: whoever saves one again says that it is to be used.
alter table teams add column slack_saved_at bigint not null default 0;
alter table teams add column teams_saved_at bigint not null default 0;
