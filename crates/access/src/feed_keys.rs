//! The keys in calendar feed URLs: credentials that open one feed and nothing else.
//!
//! Owns: creating, listing, revoking and resolving them. Must not: know what a feed shows; that is a text of the crate that
//! creates one.

use base::{Clock, Id, Scope, Time};
use store::{FromRow, Row, Select, Tx, params};

use crate::{
    Access, Caller, Refused, Secret,
    credentials::{self, Kind},
    directory, end_credentials,
};

/// How many feeds a user may have.
pub const MOST: u64 = 50;

/// A key, without its text, which is shown only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedKey {
    /// Its id.
    pub id: Id,
    /// Its owner.
    pub user_id: Id,
    /// The feed's name; may be empty.
    pub name: String,
    /// What the feed shows, in the creator's format.
    pub settings: String,
    /// When it was created.
    pub created_at: Time,
    /// When the feed was last used, to about a minute; none for never.
    pub last_used_at: Option<Time>,
}

/// A feed that a key opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The key.
    pub key: FeedKey,
    /// What its owner may see now.
    pub scope: Scope,
}

impl FromRow for FeedKey {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let used: Time = row.get(5)?;
        Ok(Self {
            id: row.get(0)?,
            user_id: row.get(1)?,
            name: row.get(2)?,
            settings: row.get(3)?,
            created_at: row.get(4)?,
            last_used_at: (used != Time::default()).then_some(used),
        })
    }
}

const COUNT: &str = "select count(*) from credentials where user_id = $1 and kind = 'calendar'";
const INSERT: &str = "insert into credentials (id, user_id, kind, hash, name, settings, created_at, expires_at, \
     last_used_at) values ($1, $2, 'calendar', $3, $4, $5, $6, 0, 0)";

/// The text of a new key, which is not stored.
pub fn secret(clock: &Clock) -> Secret {
    Kind::Feed.create(clock)
}

/// Stores the hash of a new key of the caller, who uses a session, with its name and what the feed shows; it does not expire.
///
/// # Errors
/// 409 for more than [`MOST`], 401 if the session has ended meanwhile.
pub fn make(
    tx: &mut Tx<'_>,
    caller: &Caller,
    key: &Secret,
    (name, settings): (&str, &str),
) -> Result<FeedKey, Refused> {
    credentials::hold(tx, caller)?;
    let user = caller.user_id;
    let made = tx.one::<(u64,)>(COUNT, params![user])?;
    if made.is_some_and(|(count,)| count >= MOST) {
        return Err(Refused::conflict(format!(
            "You already have {MOST} calendar feeds."
        )));
    }
    let hash = credentials::hash_of(key.expose(), &[Kind::Feed]).ok_or(Refused::Fault)?;
    let (id, created_at) = (tx.id(), tx.now());
    tx.execute(INSERT, params![id, user, hash, name, settings, created_at])?;
    Ok(FeedKey {
        id,
        user_id: user,
        name: name.to_owned(),
        settings: settings.to_owned(),
        created_at,
        last_used_at: None,
    })
}

const KEYS: &str =
    "select id, user_id, name, settings, created_at, last_used_at from credentials where kind = 'calendar'";

/// The keys of a user, in order of creation.
///
/// # Errors
/// The store's.
pub fn list(tx: &mut Tx<'_>, user: Id, after: Option<Id>, limit: u32) -> Result<Vec<FeedKey>, store::Error> {
    Select::new(KEYS)
        .filter("user_id = ?", Some(user))
        .filter("id > ?", after)
        .push(" order by id limit ?", vec![limit.into()])
        .all(tx)
}

/// Revokes a key of a user; returns its name.
///
/// # Errors
/// 404 if they have none with this id.
pub fn end(tx: &mut Tx<'_>, user: Id, id: Id) -> Result<String, Refused> {
    // No stream depends on it, so the change is not announced.
    end_credentials::one(tx, user, Kind::Feed, id).map(|(name, _)| name)
}

/// The feed of this key, with what its owner may currently see. None for an unknown or revoked key,
/// and if its owner is disabled.
///
/// # Errors
/// The store's.
pub fn open(tx: &mut Tx<'_>, key: &str) -> Result<Option<Opened>, store::Error> {
    let Some(hash) = credentials::hash_of(key, &[Kind::Feed]) else {
        return Ok(None);
    };
    let Some(key) = Select::new(KEYS)
        .filter("hash = ?", Some(hash))
        .one::<FeedKey>(tx)?
    else {
        return Ok(None);
    };
    let owner = directory::people(tx, &[key.user_id])?.pop();
    Ok(owner.filter(|owner| owner.active).map(|owner| Opened {
        key,
        scope: owner.scope,
    }))
}

impl Access {
    /// Records that a feed was used; saved by the next [`sweep`](Self::sweep).
    pub fn note_feed(&self, key: &FeedKey) {
        self.note_use(key.id);
    }
}
