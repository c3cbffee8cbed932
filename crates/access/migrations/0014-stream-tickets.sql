-- Tickets for the live stream: valid once, for half a minute, on every node. hash is that of the ticket, sealed its session's
-- credential, '' once it is used. A used row stays until it expires, because it counts against its session's limit.
create table stream_tickets (
  hash text primary key,
  session_id text not null,
  sealed text not null,
  expires_at bigint not null
);
create index stream_tickets_session on stream_tickets (session_id, expires_at);
create index stream_tickets_expires on stream_tickets (expires_at);
