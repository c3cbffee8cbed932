//! Sessions and API tokens: random texts of which only the hash is stored.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base::{Clock, Id, Scope, Time};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{FromRow, Row, Select, Tx, params};

use crate::{AccessChange, Caller, Refused, Role, Secret, sessions::Origin, unsaved::Unsaved};

store::words! {
    /// The kind of a credential.
    pub(crate) enum Kind (StoredCredentialKind, "a kind of credential") {
        /// Of a login.
        Session "session",
        /// Created by a user, for programs.
        Token "token",
        /// In the address of a calendar feed: it opens that feed and nothing else.
        Feed "calendar",
    }
}

impl Kind {
    /// The prefix of its text, so that people and secret scanners recognise it.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "cms_",
            Self::Token => "cmp_",
            Self::Feed => "cmf_",
        }
    }

    /// A new one: 256 random bits.
    pub(crate) fn create(self, clock: &Clock) -> Secret {
        let random: [u8; 32] = clock.random();
        Secret::new(format!("{}{}", self.prefix(), URL_SAFE_NO_PAD.encode(random)))
    }
}

/// The length of every credential: a prefix and 43 characters.
const LENGTH: usize = 47;

/// The stored hash of a session or an API token, or none for a text that cannot be one.
pub(crate) fn hash(credential: &str) -> Option<String> {
    hash_of(credential, &[Kind::Session, Kind::Token])
}

/// The stored hash of a credential of one of these kinds, or none for a text that cannot be one. The text is
/// random, so a plain hash suffices.
pub(crate) fn hash_of(credential: &str, kinds: &[Kind]) -> Option<String> {
    let possible =
        credential.len() == LENGTH && kinds.iter().any(|kind| credential.starts_with(kind.prefix()));
    possible.then(|| {
        let digest = Sha256::digest(credential.as_bytes());
        digest
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    })
}

struct Found {
    id: Id,
    is_token: bool,
    expires_at: Time,
    /// When it was last used, as far as that is saved, or began.
    used_at: Time,
    user: (Id, String, String, bool),
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get(0)?,
            is_token: row.get::<Kind>(1)? == Kind::Token,
            expires_at: row.get(2)?,
            used_at: row.get::<Time>(3)?.max(row.get(4)?),
            user: (row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?),
        })
    }
}

const BY_HASH: &str = "select c.id, c.kind, c.expires_at, c.created_at, c.last_used_at, u.id, u.name, u.email, u.is_admin \
     from credentials c join users u on u.id = c.user_id \
     where c.hash = $1 and c.kind in ('session', 'token') and u.disabled = 0 and (c.expires_at = 0 or c.expires_at > $2)";
const ROLES: &str = "select company_id, role from memberships where user_id = $1";

/// The caller with the credential of this hash, if it has not ended. Whether a session was idle for too long is for the
/// calling code to decide, which knows of uses that are not saved yet.
pub(crate) fn caller(tx: &mut Tx<'_>, hash: &str, idle: Duration) -> Result<Option<Caller>, store::Error> {
    let now = tx.now();
    let found = tx.one::<Found>(BY_HASH, params![hash, now])?;
    found.map(|found| with_roles(tx, found, idle)).transpose()
}

const OF_USER: &str = "select id, name, email, is_admin from users \
     where id = $1 and password_hash = $2 and disabled = 0 and signed_out_at <= $3";

/// The caller with a session that is only in memory, if it is still valid.
pub(crate) fn caller_of(
    tx: &mut Tx<'_>,
    session: &Unsaved,
    idle: Duration,
) -> Result<Option<Caller>, store::Error> {
    let params = params![session.user, &session.password, session.began_at];
    let user = tx.one::<(Id, String, String, bool)>(OF_USER, params)?;
    let found = user.map(|user| Found {
        id: session.session,
        is_token: false,
        expires_at: session.expires_at,
        used_at: session.began_at,
        user,
    });
    found.map(|found| with_roles(tx, found, idle)).transpose()
}

fn with_roles(tx: &mut Tx<'_>, found: Found, idle: Duration) -> Result<Caller, store::Error> {
    let never = Time::from_nanos(i64::MAX);
    let (user_id, name, email, is_admin) = found.user;
    let roles: BTreeMap<Id, Role> = tx
        .all::<(Id, Role)>(ROLES, params![user_id])?
        .into_iter()
        .collect();
    Ok(Caller {
        user_id,
        name,
        email,
        is_admin,
        scope: if is_admin {
            Scope::All
        } else {
            Scope::of(roles.keys().copied())
        },
        roles: Arc::new(roles),
        session: found.id,
        is_token: found.is_token,
        expires_at: if found.expires_at == Time::default() {
            never
        } else {
            found.expires_at
        },
        idle_at: if found.is_token {
            never
        } else {
            found.used_at.after(idle)
        },
        peer: None,
    })
}

/// A credential to store.
#[derive(Clone)]
pub(crate) struct NewRow {
    pub(crate) user: Id,
    pub(crate) kind: Kind,
    pub(crate) hash: String,
    /// The name of a token; empty for a session.
    pub(crate) name: String,
    /// None for a token that does not expire.
    pub(crate) expires_at: Option<Time>,
    /// Where a session began; empty for a token.
    pub(crate) from: Origin,
}

const INSERT: &str = "insert into credentials (id, user_id, kind, hash, name, created_at, expires_at, address, user_agent, \
     last_used_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";

/// Stores the hash of a credential.
pub(crate) fn insert(tx: &mut Tx<'_>, new: &NewRow) -> Result<(Id, Time), store::Error> {
    let (id, now) = (tx.id(), tx.now());
    tx.execute(
        INSERT,
        params![
            id,
            new.user,
            new.kind.name(),
            &new.hash,
            &new.name,
            now,
            new.expires_at.unwrap_or_default(),
            &new.from.address,
            &new.from.user_agent
        ],
    )?;
    Ok((id, now))
}

/// An API token for its owner: without the text, which is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Token {
    /// Its id.
    pub id: Id,
    /// The name its owner gave it.
    pub name: String,
    /// When it was created.
    pub created_at: Time,
    /// When it expires; null for never.
    pub expires_at: Option<Time>,
    /// When it was last used, to about a minute; null for never.
    pub last_used_at: Option<Time>,
}

impl FromRow for Token {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let time =
            |index| Ok::<_, store::Error>(Some(row.get::<Time>(index)?).filter(|at| *at != Time::default()));
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            created_at: row.get(2)?,
            expires_at: time(3)?,
            last_used_at: time(4)?,
        })
    }
}

const TOKENS: &str =
    "select id, name, created_at, expires_at, last_used_at from credentials where kind = 'token'";

/// The API tokens of a user, in order of creation.
pub(crate) fn tokens(
    tx: &mut Tx<'_>,
    user: Id,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<Token>, store::Error> {
    Select::new(TOKENS)
        .filter("user_id = ?", Some(user))
        .filter("id > ?", after)
        .push(" order by id limit ?", vec![limit.into()])
        .all(tx)
}

const LOCK_USER: &str = "update users set updated_at = updated_at where id = $1 and disabled = 0";
const SESSION_EXISTS: &str = "select id from credentials where id = $1 and user_id = $2 and kind = 'session'";

/// Locks the user until the transaction ends, for creating another credential: of two at once, the second counts what
/// the first created, and a session that has just ended creates none.
///
/// # Errors
/// 401 if the caller's session has ended meanwhile.
pub(crate) fn hold(tx: &mut Tx<'_>, caller: &Caller) -> Result<(), Refused> {
    let held = tx.execute(LOCK_USER, params![caller.user_id])?;
    let session: Option<(Id,)> = tx.one(SESSION_EXISTS, params![caller.session, caller.user_id])?;
    if held == 0 || session.is_none() {
        return Err(Refused::SignedOut);
    }
    Ok(())
}

const COUNT: &str = "select count(*) from credentials where user_id = $1 and kind = 'token'";

/// How many API tokens a user has.
pub(crate) fn count_tokens(tx: &mut Tx<'_>, user: Id) -> Result<u64, store::Error> {
    Ok(tx
        .one::<(u64,)>(COUNT, params![user])?
        .map_or(0, |(count,)| count))
}

const USED: &str = "update credentials set last_used_at = $2 where id = $1 and last_used_at < $2";
const EXPIRED: &str = "delete from credentials where expires_at <> 0 and expires_at <= $1 returning id";
const IDLE: &str = "delete from credentials \
     where kind = 'session' and last_used_at <= $1 and created_at <= $1 returning id";

/// How much later than its end an idle session is removed: another node may know of a use that it has not
/// saved yet.
const REMOVE_DELAY: Duration = Duration::from_mins(5);

/// Saves when credentials were last used, and removes those that have expired or were idle for too long.
pub(crate) fn sweep(
    tx: &mut Tx<'_>,
    used: &BTreeMap<Id, Time>,
    idle: Duration,
) -> Result<Vec<AccessChange>, store::Error> {
    for (id, at) in used {
        tx.execute(USED, params![id, *at])?;
    }
    let now = tx.now();
    let mut ended: Vec<(Id,)> = tx.all(EXPIRED, params![now])?;
    ended.extend(tx.all::<(Id,)>(IDLE, params![now.before(idle.saturating_add(REMOVE_DELAY))])?);
    Ok(ended.into_iter().map(|(id,)| AccessChange::Session(id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_credential_is_looked_up() {
        let clock = Clock::system();
        for kind in [Kind::Session, Kind::Token] {
            let credential = kind.create(&clock);
            let hash = hash(credential.expose()).unwrap();
            assert_eq!(hash.len(), 64);
            assert!(!hash.contains(credential.expose()));
            assert_ne!(credential, kind.create(&clock));
        }
        let feed = Kind::Feed.create(&clock);
        assert_eq!(hash(feed.expose()), None, "a feed key is not a bearer token");
        assert!(hash_of(feed.expose(), &[Kind::Feed]).is_some());
        let long = "cmp_".repeat(1_000);
        for bad in ["", "cmp_", "x", &long, &"x".repeat(LENGTH)] {
            assert_eq!(hash(bad), None);
        }
    }
}
