//! A person's own sessions: where they are signed in, and ending them.
//!
//! Owns: what of a session is shown to whom it belongs. Must not: show its text; only the hash is there.

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
    /// When it ends by itself.
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

const SESSIONS: &str =
    "select id, created_at, last_used_at, expires_at, address, user_agent from credentials where 1 = 1";

/// The sessions of a user that have not ended, the newest first.
pub(crate) fn list(tx: &mut Tx<'_>, user: Id, before: Option<Id>, limit: u32) -> Result<Vec<Session>, Error> {
    let now = tx.now();
    Select::new(SESSIONS)
        .filter("kind = ?", Some(Kind::Session.name()))
        .filter("user_id = ?", Some(user))
        .filter("expires_at > ?", Some(now))
        .filter("id < ?", before)
        .push(" order by id desc limit ?", vec![limit.into()])
        .all(tx)
}
