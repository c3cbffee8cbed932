-- What a person created under a key of theirs, so that the same request again creates nothing. `request` is the hash of
-- its method, path and body, `answer` the JSON that was answered, without secrets. Where the answer is '', the creation
-- is under way (an import): `record_id` is what it leads to.
create table idempotency_keys (
  user_id text not null references users (id) on delete cascade,
  key text not null,
  request text not null,
  record_id text not null,
  answer text not null,
  created_at bigint not null,
  primary key (user_id, key)
);
create index idempotency_keys_user on idempotency_keys (user_id, created_at);
create index idempotency_keys_created on idempotency_keys (created_at);
