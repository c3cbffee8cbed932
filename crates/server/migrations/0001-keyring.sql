-- The keys that secrets at rest are sealed with, each sealed under a secret key of the settings: slot is a hash of that
-- secret key, by which a wrong one is known. While the secret key changes there are two slots. The digests' and the
-- signatures' keys stay when it changes, because what was made with them is stored here and at receivers; of sealing
-- keys the one with the highest name seals.
create table keyring (
  slot text not null,
  name text not null,
  sealed text not null,
  made_at bigint not null,
  primary key (slot, name)
);
