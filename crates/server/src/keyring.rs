//! The keys in the database, each sealed under the secret key of the settings.
//!
//! Owns: the table `keyring`, by which a wrong secret key is known before anything is changed, and the change of the
//! secret key while servers run. Must not: know what is sealed.
//!
//! A secret key opens the slot that its hash names. To change it, a second slot is made, which holds the same keys and
//! one more, which seals from then on; what is stored is sealed anew; then the first slot goes.

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

/// How often a running server looks whether there is a new key.
const LOOK: Duration = Duration::from_secs(1);
/// How long a server only opens with a new key before it seals with it: by then the others know it.
const SETTLED: Duration = Duration::from_secs(5);

/// The names of keys that stay.
const DIGESTS: &str = "digests";
const SIGNATURES: &str = "signatures";
/// What the names of keys that seal begin with; a number follows.
const SEAL: &str = "seal ";

/// Why the secret key does not do.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The database was sealed with another one.
    #[error(
        "the secret key is not the one that this database was sealed with, so nothing was changed: set \
         CAMPANILE_SECRET_KEY to that key, or put its file secret.key back into the data folder"
    )]
    Wrong,
    /// There is none.
    #[error(
        "there is no secret key, and this database was sealed with one, so no new one was made and nothing was changed: \
         set CAMPANILE_SECRET_KEY to that key, or put its file secret.key back into the data folder"
    )]
    Missing,
    /// A change of the key does not go on like this.
    #[error("{0}")]
    Change(&'static str),
    /// A key cannot be kept.
    #[error("{0}")]
    File(String),
    /// The database's own.
    #[error("{0}")]
    Store(#[from] store::Error),
}

/// The keys that a secret key opened.
pub(crate) struct Keyring {
    slot: String,
    /// The newest first.
    sealing: Vec<(String, Key)>,
    digests: Key,
    /// The key that the secrets of webhooks are made of.
    pub(crate) signatures: Key,
}

impl Keyring {
    /// The keys of a secret key itself: those of a database that has none yet.
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

/// What names a secret key and tells nothing of it.
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

/// What seals the keys of a slot: a key for nothing else.
fn wrapper(secret: &Secret, clock: &Clock) -> Vault {
    Vault::new(&format!("keyring {}", secret.expose()), clock)
}

fn bound_to(slot: &str, name: &str) -> String {
    format!("keyring {slot} {name}")
}

const SLOTS: &str = "select distinct slot from keyring";
const OF_SLOT: &str = "select name, sealed from keyring where slot = $1";
const INSERT: &str = "insert into keyring (slot, name, sealed, made_at) values ($1, $2, $3, $4) on conflict (slot, name) do nothing";
const FORGET: &str = "delete from keyring where slot <> $1 or (name like 'seal %' and name <> $2)";

/// The keys of the slot that this secret key opens; none where there is no such slot.
fn read(tx: &mut Tx<'_>, secret: &Secret) -> Result<Option<Keyring>, Refused> {
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
        keys.insert(name, key.ok_or(Refused::Wrong)?);
    }
    let (Some(digests), Some(signatures)) = (keys.remove(DIGESTS), keys.remove(SIGNATURES)) else {
        return Err(Refused::Wrong);
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

/// The keys of this database, made of the secret key where there are none yet. `make` makes one where there is none
/// either: only for a database in which nothing is sealed.
///
/// # Errors
/// [`Refused`]; nothing is changed then.
pub(crate) fn open(
    tx: &mut Tx<'_>,
    secret: Option<Secret>,
    make: impl FnOnce() -> anyhow::Result<Secret>,
) -> Result<Keyring, Refused> {
    let slots: Vec<(String,)> = tx.all(SLOTS, &[])?;
    if !slots.is_empty() {
        let secret = secret.ok_or(Refused::Missing)?;
        return read(tx, &secret)?.ok_or(Refused::Wrong);
    }
    // A database of a version without the table, or an empty one.
    let sealed = |vault: &Vault, tx: &mut Tx<'_>| notify::destinations::opens(tx, vault);
    let secret = match secret {
        Some(secret) => {
            let vault = Vault::new(secret.expose(), tx.clock());
            if sealed(&vault, tx)? == Some(false) {
                return Err(Refused::Wrong);
            }
            secret
        }
        None if sealed(&Vault::new("", tx.clock()), tx)?.is_some() => return Err(Refused::Missing),
        None => make().map_err(|error| Refused::File(format!("{error:#}")))?,
    };
    let keyring = Keyring::of(&secret);
    store(tx, &secret, &keyring.named())?;
    Ok(keyring)
}

/// Begins the change to a new secret key: both open the database from now on.
///
/// # Errors
/// [`Refused::Change`] where the new one is the present one, or another change is under way.
fn begin(tx: &mut Tx<'_>, secret: &Secret, new: &Secret) -> Result<(), Refused> {
    let keyring = read(tx, secret)?.ok_or(Refused::Wrong)?;
    let new_slot = slot(new);
    if new_slot == keyring.slot {
        return Err(Refused::Change("the new secret key is the present one"));
    }
    let slots: Vec<(String,)> = tx.all(SLOTS, &[])?;
    if slots.iter().any(|(slot,)| *slot == new_slot) {
        // It was begun before, and goes on.
        return Ok(());
    }
    if slots.len() > 1 {
        return Err(Refused::Change(
            "the secret key is being changed already: end that with `campanile rotate-key --finish` first",
        ));
    }
    let number: u32 = keyring.newest().trim_start_matches(SEAL).parse().unwrap_or(1);
    let added = vec![(numbered(number + 1), tx.clock().random::<32>())];
    store(tx, secret, &added)?;
    store(tx, new, &keyring.named())?;
    Ok(store(tx, new, &added)?)
}

/// Ends the change: only the present secret key opens the database from now on, which has to be the new one.
fn end(tx: &mut Tx<'_>, secret: &Secret) -> Result<(), Refused> {
    let keyring = read(tx, secret)?.ok_or(Refused::Wrong)?;
    tx.execute(FORGET, params![&keyring.slot, keyring.newest()])?;
    Ok(())
}

/// Seals everything with the newest key. How many texts that were.
async fn reseal(store: &Store, secret: &Secret) -> Result<u64, Refused> {
    let read_by = secret.clone();
    let keyring = store.read(move |tx| read(tx, &read_by)).await?;
    let vault = keyring.ok_or(Refused::Wrong)?.vault(store.clock());
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

/// Changes the secret key while servers run. Both open the database when it is done, until [`finish`].
///
/// # Errors
/// [`Refused`]; it can be begun again then.
pub(crate) async fn rotate(store: &Store, secret: &Secret, new: &Secret) -> Result<u64, Refused> {
    let (present, to) = (secret.clone(), new.clone());
    store.write(move |tx| begin(tx, &present, &to)).await?;
    // Every running server opens what the new key seals by then.
    tokio::time::sleep(LOOK * 3).await;
    reseal(store, new).await
}

/// Ends the change of the secret key to this one.
///
/// # Errors
/// [`Refused`], where it is not the new one.
pub(crate) async fn finish(store: &Store, secret: &Secret) -> Result<u64, Refused> {
    let (present, own) = (secret.clone(), slot(secret));
    let oldest = store.read(|tx| tx.one::<(String, i64)>(OLDEST, &[])).await?;
    if oldest.is_some_and(|(slot, count)| count > 1 && slot == own) {
        return Err(Refused::Change(
            "the present secret key is the old one: give the server the new one first",
        ));
    }
    let count = reseal(store, secret).await?;
    store.write(move |tx| end(tx, &present)).await?;
    Ok(count)
}

const FORGET_ALL: &str = "delete from keyring";

/// Begins anew with this secret key, because the one before it is lost: every sealed URL is switched off. How many.
///
/// # Errors
/// [`Refused::Change`] where this key opens the database: nothing is lost then, and nothing is changed.
pub(crate) fn begin_anew(tx: &mut Tx<'_>, secret: &Secret) -> Result<u64, Refused> {
    let fits = match read(tx, secret) {
        Ok(Some(_)) => true,
        // A database of a version without the table.
        Ok(None) => {
            let slots: Vec<(String,)> = tx.all(SLOTS, &[])?;
            let vault = Vault::new(secret.expose(), tx.clock());
            slots.is_empty() && notify::destinations::opens(tx, &vault)? == Some(true)
        }
        Err(Refused::Wrong) => false,
        Err(error) => return Err(error),
    };
    if fits {
        return Err(Refused::Change(
            "this secret key opens the database, so nothing is lost: change it with `campanile rotate-key` without --lost",
        ));
    }
    tx.execute(FORGET_ALL, &[])?;
    store(tx, secret, &Keyring::of(secret).named())?;
    Ok(notify::destinations::abandon(tx)?)
}

/// The slot that was there first, and how many there are.
const OLDEST: &str = "select slot, (select count(distinct slot) from keyring) from keyring where name = 'digests' \
     order by made_at limit 1";

/// Takes up a new key while the server runs.
pub(crate) async fn follow(store: Store, secret: Secret, vault: Vault, known: Vec<Key>) {
    let mut known = known;
    loop {
        tokio::time::sleep(LOOK).await;
        let by = secret.clone();
        // A database that does not answer, or a slot that is gone: what is known stays. The next start says why.
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
        tokio::time::sleep(SETTLED).await;
        vault.renew(&keys);
        tracing::info!("secrets are sealed with a new key");
        known = keys;
    }
}
