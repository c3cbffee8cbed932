//! A user's own sessions: listing and ending them.
//!
//! Owns: what of a session is shown to its user. Must not: show its text; only the hash is stored.

use std::time::Duration;

use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx};

use crate::{Peer, credentials::Kind, shared_rates};

/// The most characters of a user agent that are stored.
const AGENT: usize = 300;

/// Where a user signs in from, and with which program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The IP address of the connection; empty if unknown.
    pub(crate) address: String,
    /// The user agent; empty if not sent.
    pub(crate) user_agent: String,
}

impl Origin {
    /// The IP address and the header `User-Agent`, which may contain anything.
    pub(crate) fn new(peer: Option<Peer>, user_agent: &[u8]) -> Self {
        Self {
            address: peer.map(|peer| peer.0.to_string()).unwrap_or_default(),
            user_agent: base::text::line(&String::from_utf8_lossy(user_agent), AGENT),
        }
    }
}

/// A session for its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Session {
    /// Its id.
    pub id: Id,
    /// When it began.
    pub created_at: Time,
    /// When it was last used, to about a minute; null if not since it began.
    pub last_used_at: Option<Time>,
    /// When it expires at the latest; if idle it expires earlier.
    pub expires_at: Time,
    /// The IP address at sign-in, if known: behind a proxy that is not trusted, the proxy's.
    pub address: Option<String>,
    /// The user agent. Untrusted text: escape it.
    pub user_agent: Option<String>,
    /// Whether it is the session of this request.
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

/// Ends sessions earlier by this many nanoseconds (`by` is negative), also idle ones: the clock was set back, and nobody should be signed
/// in for longer because of it. Tokens have their own expiry date.
///
/// # Errors
/// The store's.
pub fn end_earlier(tx: &mut Tx<'_>, by: i64) -> Result<(), Error> {
    let by = by.min(0);
    tx.execute(EARLIER, store::params![by, Kind::Session.name()])?;
    // Otherwise users who sign in while nothing can be written would count as signed out until the clock catches up.
    tx.execute(SIGNED_OUT, store::params![by])?;
    // Otherwise wrong passwords of before the change would count until the clock catches up.
    shared_rates::earlier(tx, by)
}

const SESSIONS: &str =
    "select id, created_at, last_used_at, expires_at, address, user_agent from credentials where 1 = 1";

/// The sessions of a user that have not ended, newest first; those idle for too long have.
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
