//! A user's credentials, for administrators.
//!
//! Owns: sessions, API tokens and calendar feeds as one list. Must not: show a credential's text; only hashes are stored.

use std::time::Duration;

use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, params};

use crate::{AccessChange, Refused, credentials::Kind};

base::words! {
    /// The kind of a credential.
    pub enum CredentialKind (CredentialKind) {
        /// Of a sign-in.
        Session "session",
        /// An API token.
        Token "token",
        /// The URL of a calendar feed.
        Feed "feed",
    }
}

impl From<Kind> for CredentialKind {
    fn from(stored: Kind) -> Self {
        match stored {
            Kind::Session => Self::Session,
            Kind::Token => Self::Token,
            Kind::Feed => Self::Feed,
        }
    }
}

/// A session, an API token or a calendar feed of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Credential {
    /// Its id.
    pub id: Id,
    /// Its kind.
    pub kind: CredentialKind,
    /// The name of a token or a feed; null for a session.
    pub name: Option<String>,
    /// When it was created, or the session began.
    pub created_at: Time,
    /// When it was last used, to about a minute; null for never.
    pub last_used_at: Option<Time>,
    /// When it expires at the latest; null for never.
    pub expires_at: Option<Time>,
    /// The IP address where a session began, if known.
    pub address: Option<String>,
    /// The `User-Agent` of a session. Untrusted text: escape it.
    pub user_agent: Option<String>,
}

impl FromRow for Credential {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let text = |index| Ok::<_, Error>(Some(row.get::<String>(index)?).filter(|text| !text.is_empty()));
        let time = |index| Ok::<_, Error>(Some(row.get::<Time>(index)?).filter(|at| *at != Time::default()));
        Ok(Self {
            id: row.get(0)?,
            kind: row.get::<Kind>(1)?.into(),
            name: text(2)?,
            created_at: row.get(3)?,
            last_used_at: time(4)?,
            expires_at: time(5)?,
            address: text(6)?,
            user_agent: text(7)?,
        })
    }
}

const CREDENTIALS: &str = "select id, kind, name, created_at, last_used_at, expires_at, address, user_agent \
     from credentials where 1 = 1";

/// A user's credentials, newest first; sessions idle for too long have ended.
pub(crate) fn list(
    tx: &mut Tx<'_>,
    user: Id,
    idle: Duration,
    (before, limit): (Option<Id>, u32),
) -> Result<Vec<Credential>, Error> {
    let now = tx.now();
    let since = now.before(idle);
    Select::new(CREDENTIALS)
        .filter("user_id = ?", Some(user))
        .filter("(expires_at = 0 or expires_at > ?)", Some(now))
        .push(
            " and (kind <> 'session' or last_used_at > ? or created_at > ?)",
            vec![since.into(), since.into()],
        )
        .filter("id < ?", before)
        .push(" order by id desc limit ?", vec![limit.into()])
        .all(tx)
}

const END: &str = "delete from credentials where id = $1 and user_id = $2 returning kind, name";

/// Ends one credential of a user of any kind; returns its kind and name.
///
/// # Errors
/// 404 if they have none with this id.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    user: Id,
    id: Id,
) -> Result<(CredentialKind, String, AccessChange), Refused> {
    let ended: Option<(Kind, String)> = tx.one(END, params![id, user])?;
    let (kind, name) = ended.ok_or(Refused::NotFound)?;
    Ok((kind.into(), name, AccessChange::Session(id)))
}
