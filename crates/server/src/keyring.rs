//! The keys in the database, each sealed under the secret key of the settings.
//!
//! Owns: the table `keyring`, by which a wrong secret key is detected before anything is changed, and the rotation of the
//! secret key while servers run. Must not: know what is sealed with it.
//!
//! A secret key opens the slot named by its hash. To rotate it, a second slot is created, which holds the same keys and
//! one more, which seals from then on; stored secrets are sealed again; then the first slot is deleted.

use std::time::Duration;

use access::{Key, Keys, Secret, Vault};
use base::{Clock, Id};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use store::{MigrationSet, Store, Tx, params};

use crate::secret_key;

/// The tables of the binary itself.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    owner: "server",
    steps: &[("0001-keyring", include_str!("../migrations/0001-keyring.sql"))],
};

/// How often a running server checks for a new key.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a server only opens with a new key before it seals with it: by then the other servers know it.
const OPEN_ONLY: Duration = Duration::from_secs(5);

/// The names of keys that stay.
const DIGESTS: &str = "digests";
const SIGNATURES: &str = "signatures";
/// What the names of keys that seal begin with; a number follows.
const SEAL: &str = "seal ";

/// Why the secret key is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database was sealed with another one.
    #[error(
        "the secret key is not the one that this database was sealed with, so nothing was changed: set \
         CAMPANILE_SECRET_KEY to that key, or put its file secret.key back into the data folder"
    )]
    Wrong,
    /// There is none.
    #[error(
        "there is no secret key, and this database was sealed with one, so no new one was generated and nothing was changed: \
         set CAMPANILE_SECRET_KEY to that key, or put its file secret.key back into the data folder"
    )]
    Missing,
    /// The rotation cannot proceed.
    #[error("{0}")]
    Change(&'static str),
    /// A key cannot be stored.
    #[error("{0}")]
    File(String),
    /// The database failed.
    #[error("{0}")]
    Store(#[from] store::Error),
}

/// The keys that a secret key opened.
pub(crate) struct Keyring {
    slot: String,
    /// Newest first.
    sealing: Vec<(String, Key)>,
    digests: Key,
    /// The key from which webhook secrets are derived.
    pub(crate) signatures: Key,
}

impl Keyring {
    /// The keys derived from a secret key itself: for a database that has none yet.
    fn of(secret: &Secret) -> Self {
        let keys = Keys::of(secret.expose());
        Self {
            slot: slot(secret),
            sealing: keys.sealing.into_iter().map(|key| (numbered(1), key)).collect(),
            digests: keys.digests,
            signatures: secret_key::derived(secret, "webhook signatures"),
        }
    }

    pub(crate) fn sealing(&self) -> Vec<Key> {
        self.sealing.iter().map(|(_, key)| *key).collect()
    }

    pub(crate) fn vault(&self, clock: &Clock) -> Vault {
        let keys = Keys {
            sealing: self.sealing(),
            digests: self.digests,
        };
        Vault::with(&keys, clock)
    }

    fn newest(&self) -> &str {
        self.sealing.first().map_or("", |(name, _)| name)
    }

    /// Every key with its name.
    fn named(&self) -> Vec<(String, Key)> {
        let mut named = self.sealing.clone();
        named.push((DIGESTS.to_owned(), self.digests));
        named.push((SIGNATURES.to_owned(), self.signatures));
        named
    }
}

/// Identifies a secret key without revealing it.
fn slot(secret: &Secret) -> String {
    let hash = Sha256::new()
        .chain_update(b"campanile check of the secret key\0")
        .chain_update(secret.expose())
        .finalize();
    STANDARD.encode(hash)
}

fn numbered(number: u32) -> String {
    format!("{SEAL}{number:06}")
}

/// The key that seals the keys of a slot, and nothing else.
fn wrapper(secret: &Secret, clock: &Clock) -> Vault {
    Vault::new(&format!("keyring {}", secret.expose()), clock)
}

fn bound_to(slot: &str, name: &str) -> String {
    format!("keyring {slot} {name}")
}

const SLOTS: &str = "select distinct slot from keyring";
const OF_SLOT: &str = "select name, sealed from keyring where slot = $1";
const INSERT: &str = "insert into keyring (slot, name, sealed, made_at) values ($1, $2, $3, $4) on conflict (slot, name) do nothing";
const DELETE_OTHERS: &str = "delete from keyring where slot <> $1 or (name like 'seal %' and name <> $2)";

/// The keys of the slot that this secret key opens; none if there is no such slot.
fn read(tx: &mut Tx<'_>, secret: &Secret) -> Result<Option<Keyring>, KeyError> {
    let (slot, vault) = (slot(secret), wrapper(secret, tx.clock()));
    let rows: Vec<(String, String)> = tx.all(OF_SLOT, params![&slot])?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut keys = std::collections::BTreeMap::new();
    for (name, sealed) in rows {
        let text = vault.open(&bound_to(&slot, &name), &sealed).ok();
        let bytes = text.and_then(|text| STANDARD.decode(text.expose()).ok());
        let key = bytes.and_then(|bytes| Key::try_from(bytes).ok());
        keys.insert(name, key.ok_or(KeyError::Wrong)?);
    }
    let (Some(digests), Some(signatures)) = (keys.remove(DIGESTS), keys.remove(SIGNATURES)) else {
        return Err(KeyError::Wrong);
    };
    Ok(Some(Keyring {
        slot,
        sealing: keys.into_iter().rev().collect(),
        digests,
        signatures,
    }))
}

/// Stores keys in the slot of this secret key.
fn store(tx: &mut Tx<'_>, secret: &Secret, keys: &[(String, Key)]) -> Result<(), store::Error> {
    let (slot, vault, now) = (slot(secret), wrapper(secret, tx.clock()), tx.now());
    for (name, key) in keys {
        let sealed = vault.seal(&bound_to(&slot, name), &STANDARD.encode(key));
        tx.execute(INSERT, params![&slot, name, sealed, now])?;
    }
    Ok(())
}

/// The keys of this database, derived from the secret key if there are none yet. `make` generates a secret key if there is
/// none: only for a database in which nothing is sealed.
///
/// # Errors
/// [`KeyError`]; nothing is changed then.
pub(crate) fn open(
    tx: &mut Tx<'_>,
    secret: Option<Secret>,
    make: impl FnOnce() -> anyhow::Result<Secret>,
) -> Result<Keyring, KeyError> {
    let slots: Vec<(String,)> = tx.all(SLOTS, &[])?;
    if !slots.is_empty() {
        let secret = secret.ok_or(KeyError::Missing)?;
        return read(tx, &secret)?.ok_or(KeyError::Wrong);
    }
    // A database from a version without the table, or an empty one.
    let sealed = |vault: &Vault, tx: &mut Tx<'_>| notify::destinations::opens(tx, vault);
    let secret = match secret {
        Some(secret) => {
            let vault = Vault::new(secret.expose(), tx.clock());
            if sealed(&vault, tx)? == Some(false) {
                return Err(KeyError::Wrong);
            }
            secret
        }
        None if sealed(&Vault::new("", tx.clock()), tx)?.is_some() => return Err(KeyError::Missing),
        None => make().map_err(|error| KeyError::File(format!("{error:#}")))?,
    };
    let keyring = Keyring::of(&secret);
    store(tx, &secret, &keyring.named())?;
    Ok(keyring)
}

/// Starts the rotation to a new secret key: both open the database from now on.
///
/// # Errors
/// [`KeyError::Change`] if the new key is the current one, or another rotation is in progress.
fn begin(tx: &mut Tx<'_>, secret: &Secret, new: &Secret) -> Result<(), KeyError> {
    let keyring = read(tx, secret)?.ok_or(KeyError::Wrong)?;
    let new_slot = slot(new);
    if new_slot == keyring.slot {
        return Err(KeyError::Change("the new secret key is the current one"));
    }
    let slots: Vec<(String,)> = tx.all(SLOTS, &[])?;
    if slots.iter().any(|(slot,)| *slot == new_slot) {
        // It was started before, and continues.
        return Ok(());
    }
    if slots.len() > 1 {
        return Err(KeyError::Change(
            "a key rotation is already in progress: finish it with `campanile rotate-key --finish` first",
        ));
    }
    let number: u32 = keyring.newest().trim_start_matches(SEAL).parse().unwrap_or(1);
    let added = vec![(numbered(number + 1), tx.clock().random::<32>())];
    store(tx, secret, &added)?;
    store(tx, new, &keyring.named())?;
    Ok(store(tx, new, &added)?)
}

/// Finishes the rotation: only the current secret key, which must be the new one, opens the database from now on.
fn end(tx: &mut Tx<'_>, secret: &Secret) -> Result<(), KeyError> {
    let keyring = read(tx, secret)?.ok_or(KeyError::Wrong)?;
    tx.execute(DELETE_OTHERS, params![&keyring.slot, keyring.newest()])?;
    Ok(())
}

/// Seals everything with the newest key. Returns how many secrets that were.
async fn reseal(store: &Store, secret: &Secret) -> Result<u64, KeyError> {
    let read_by = secret.clone();
    let keyring = store.read(move |tx| read(tx, &read_by)).await?;
    let vault = keyring.ok_or(KeyError::Wrong)?.vault(store.clock());
    let (mut count, mut after): (u64, Option<Id>) = (0, None);
    loop {
        let vault = vault.clone();
        let (sealed, next) = store
            .write(move |tx| notify::destinations::reseal(tx, &vault, after))
            .await?;
        count += sealed;
        if next.is_none() {
            return Ok(count);
        }
        after = next;
    }
}

/// Rotates the secret key while servers run. Afterwards both open the database, until [`finish`].
///
/// # Errors
/// [`KeyError`]; it can be started again then.
pub(crate) async fn rotate(store: &Store, secret: &Secret, new: &Secret) -> Result<u64, KeyError> {
    let (present, to) = (secret.clone(), new.clone());
    store.write(move |tx| begin(tx, &present, &to)).await?;
    // By then every running server can open what the new key seals.
    tokio::time::sleep(CHECK_INTERVAL * 3).await;
    reseal(store, new).await
}

/// Finishes the rotation to this secret key.
///
/// # Errors
/// [`KeyError`], if it is not the new one.
pub(crate) async fn finish(store: &Store, secret: &Secret) -> Result<u64, KeyError> {
    let (present, own) = (secret.clone(), slot(secret));
    let oldest = store.read(|tx| tx.one::<(String, i64)>(OLDEST, &[])).await?;
    if oldest.is_some_and(|(slot, count)| count > 1 && slot == own) {
        return Err(KeyError::Change(
            "the current secret key is the old one: configure the new one first",
        ));
    }
    let count = reseal(store, secret).await?;
    store.write(move |tx| end(tx, &present)).await?;
    Ok(count)
}

const DELETE_ALL: &str = "delete from keyring";

/// Starts over with this secret key, because the previous one is lost: every sealed URL is disabled. Returns how many.
///
/// # Errors
/// [`KeyError::Change`] if this key opens the database: then nothing is lost, and nothing is changed.
pub(crate) fn replace_lost(tx: &mut Tx<'_>, secret: &Secret) -> Result<u64, KeyError> {
    let fits = match read(tx, secret) {
        Ok(Some(_)) => true,
        // A database from a version without the table.
        Ok(None) => {
            let slots: Vec<(String,)> = tx.all(SLOTS, &[])?;
            let vault = Vault::new(secret.expose(), tx.clock());
            slots.is_empty() && notify::destinations::opens(tx, &vault)? == Some(true)
        }
        Err(KeyError::Wrong) => false,
        Err(error) => return Err(error),
    };
    if fits {
        return Err(KeyError::Change(
            "this secret key opens the database, so nothing is lost: rotate it with `campanile rotate-key` without --lost",
        ));
    }
    tx.execute(DELETE_ALL, &[])?;
    store(tx, secret, &Keyring::of(secret).named())?;
    Ok(notify::destinations::abandon(tx)?)
}

/// The oldest slot, and the number of slots.
const OLDEST: &str = "select slot, (select count(distinct slot) from keyring) from keyring where name = 'digests' \
     order by made_at limit 1";

/// Adopts a new key while the server runs.
pub(crate) async fn follow(store: Store, secret: Secret, vault: Vault, known: Vec<Key>) {
    let mut known = known;
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let by = secret.clone();
        // If the database does not answer or the slot is deleted, the known keys stay. The next start reports why.
        let Ok(Some(keyring)) = store.read(move |tx| read(tx, &by)).await else {
            continue;
        };
        let keys = keyring.sealing();
        if keys == known {
            continue;
        }
        let mut opening = known.clone();
        opening.extend(keys.iter().copied().filter(|key| !known.contains(key)));
        vault.renew(&opening);
        tokio::time::sleep(OPEN_ONLY).await;
        vault.renew(&keys);
        tracing::info!("secrets are sealed with a new key");
        known = keys;
    }
}
