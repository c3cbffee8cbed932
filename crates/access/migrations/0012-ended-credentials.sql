-- When everything that somebody could come in with was last ended at once; 0 for never. A session that began before then and
-- is stored nowhere (access::unsaved) has ended too, on every node.
alter table users add column signed_out_at bigint not null default 0;
-- Sessions that nobody used for too long are looked for about once a minute.
create index credentials_idle on credentials (last_used_at) where kind = 'session';
