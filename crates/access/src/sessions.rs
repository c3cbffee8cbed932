//! A person's own sessions: where they are signed in, and ending them.
//!
//! Owns: what of a session is shown to whom it belongs. Must not: show its text; only the hash is there.

use std::time::Duration;

use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx};

use crate::{Peer, credentials::Kind};

/// The most characters of a user agent that are kept.
const AGENT: usize = 300;

/// Where somebody signs in from, and with what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The address of the connection; empty where it is not known.
    pub(crate) address: String,
    /// What the browser or program calls itself; empty where it does not say.
    pub(crate) user_agent: String,
}

impl Origin {
    /// The address and the header `User-Agent`, which may hold anything.
    pub(crate) fn new(peer: Option<Peer>, user_agent: &[u8]) -> Self {
        Self {
            address: peer.map(|peer| peer.0.to_string()).unwrap_or_default(),
            user_agent: base::text::line(&String::from_utf8_lossy(user_agent), AGENT),
        }
    }
}

/// A session, as whom it belongs to sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Session {
    /// Its id.
    pub id: Id,
    /// When it began.
    pub created_at: Time,
    /// When it was last used, to about a minute; none for not since it began.
    pub last_used_at: Option<Time>,
    /// When it ends at the latest; without use it ends earlier.
    pub expires_at: Time,
    /// The address of the connection at the sign-in, where it is known: behind a proxy the proxy's.
    pub address: Option<String>,
    /// What the browser or program called itself. Text from outside: escape it.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl FromRow for Session {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let given = |index| Ok::<_, Error>(Some(row.get::<String>(index)?).filter(|text| !text.is_empty()));
        let used: Time = row.get(2)?;
        Ok(Self {
            id: row.get(0)?,
            created_at: row.get(1)?,
            last_used_at: (used != Time::default()).then_some(used),
            expires_at: row.get(3)?,
            address: given(4)?,
            user_agent: given(5)?,
            current: false,
        })
    }
}

const EARLIER: &str = "update credentials set expires_at = expires_at + $1, created_at = created_at + $1, \
     last_used_at = case when last_used_at > 0 then last_used_at + $1 else 0 end where kind = $2";
const SIGNED_OUT: &str = "update users set signed_out_at = signed_out_at + $1 where signed_out_at > 0";

/// Sessions end earlier by so many nanoseconds (`by` is negative), also without use: the clock was set back, and nobody is to be signed
/// in for longer because of it. Tokens have a date of their own.
///
/// # Errors
/// The store's.
pub fn end_earlier(tx: &mut Tx<'_>, by: i64) -> Result<(), Error> {
    let by = by.min(0);
    tx.execute(EARLIER, store::params![by, Kind::Session.name()])?;
    // Or who signs in while nothing can be written would count as signed out until the clock is there again.
    tx.execute(SIGNED_OUT, store::params![by]).map(drop)
}

const SESSIONS: &str =
    "select id, created_at, last_used_at, expires_at, address, user_agent from credentials where 1 = 1";

/// The sessions of a user that have not ended, the newest first; those not used for so long have.
pub(crate) fn list(
    tx: &mut Tx<'_>,
    user: Id,
    idle: Duration,
    (before, limit): (Option<Id>, u32),
) -> Result<Vec<Session>, Error> {
    let now = tx.now();
    let since = now.before(idle);
    Select::new(SESSIONS)
        .filter("kind = ?", Some(Kind::Session.name()))
        .filter("user_id = ?", Some(user))
        .filter("expires_at > ?", Some(now))
        .push(
            " and (last_used_at > ? or created_at > ?)",
            vec![since.into(), since.into()],
        )
        .filter("id < ?", before)
        .push(" order by id desc limit ?", vec![limit.into()])
        .all(tx)
}
