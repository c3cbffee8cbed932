//! What somebody can come in with, as an administrator sees it.
//!
//! Owns: sessions, API tokens and calendar feeds as one list. Must not: show a text; only hashes are there.

use std::time::Duration;

use base::{Id, Time};
use serde::Serialize;
use store::{Error, FromRow, Row, Select, Tx, params};

use crate::{AccessChange, Problem, credentials::Kind};

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Of a sign-in.
    Session,
    /// An API token.
    Token,
    /// The address of a calendar feed.
    Feed,
}

impl CredentialKind {
    fn of(stored: &str) -> Result<Self, Error> {
        let kinds = [
            (Kind::Session, Self::Session),
            (Kind::Token, Self::Token),
            (Kind::Feed, Self::Feed),
        ];
        let found = kinds.into_iter().find(|(kind, _)| kind.name() == stored);
        found
            .map(|(_, kind)| kind)
            .ok_or_else(|| Error::Decode(format!("not a kind of credential: {stored}")))
    }
}

/// A session, an API token or a calendar feed of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Credential {
    /// Its id.
    pub id: Id,
    /// What it is.
    pub kind: CredentialKind,
    /// What its owner calls a token or a feed; none for a session.
    pub name: Option<String>,
    /// When it was made, or the session began.
    pub created_at: Time,
    /// When it was last used, to about a minute; none for never.
    pub last_used_at: Option<Time>,
    /// When it ends at the latest; none for never.
    pub expires_at: Option<Time>,
    /// The address that a session began at, where it is known.
    pub address: Option<String>,
    /// What the browser or program of a session called itself. Text from outside: escape it.
    pub user_agent: Option<String>,
}

impl FromRow for Credential {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let text = |index| Ok::<_, Error>(Some(row.get::<String>(index)?).filter(|text| !text.is_empty()));
        let time = |index| Ok::<_, Error>(Some(row.get::<Time>(index)?).filter(|at| *at != Time::default()));
        Ok(Self {
            id: row.get(0)?,
            kind: CredentialKind::of(&row.get::<String>(1)?)?,
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

/// What a user can come in with, the newest first; sessions that were not used for so long have ended.
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

/// Ends one credential of a user, whatever it is; its kind and its name.
///
/// # Errors
/// 404 where they have none of this id.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    user: Id,
    id: Id,
) -> Result<(CredentialKind, String, AccessChange), Problem> {
    let ended: Option<(String, String)> = tx.one(END, params![id, user])?;
    let (kind, name) = ended.ok_or_else(Problem::not_found)?;
    Ok((CredentialKind::of(&kind)?, name, AccessChange::Session(id)))
}
