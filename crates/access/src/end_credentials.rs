//! Ending credentials: one of a user, their sessions, or all of them.
//!
//! Owns: that no credential of a user survives the response to an incident. Must not: decide who may end what.

use base::Id;
use store::{Error, Tx, params};

use crate::{AccessChange, Caller, Refused, credentials::Kind};

/// Which credentials of a user end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Their sessions.
    Sessions,
    /// Sessions, API tokens and calendar feeds.
    Everything,
}

impl Extent {
    pub(crate) const fn with_tokens(tokens: bool) -> Self {
        if tokens { Self::Everything } else { Self::Sessions }
    }
}

const ONE: &str = "delete from credentials where id = $1 and user_id = $2 and kind = $3 returning name";

/// Ends one credential of a user; returns its name.
///
/// # Errors
/// 404 if they have none with this id.
pub(crate) fn one(tx: &mut Tx<'_>, user: Id, kind: Kind, id: Id) -> Result<(String, AccessChange), Refused> {
    let ended: Option<(String,)> = tx.one(ONE, params![id, user, kind.name()])?;
    let (name,) = ended.ok_or(Refused::NotFound)?;
    Ok((name, AccessChange::Session(id)))
}

/// The same for a session that is being replaced, which may have ended already.
pub(crate) fn replaced(tx: &mut Tx<'_>, old: &Caller) -> Result<Option<AccessChange>, Error> {
    let ended: Option<(String,)> = tx.one(ONE, params![old.session, old.user_id, Kind::Session.name()])?;
    Ok(ended.map(|_| AccessChange::Session(old.session)))
}

const SIGNED_OUT: &str = "update users set signed_out_at = $2 where id = $1";
const SESSIONS: &str =
    "delete from credentials where user_id = $1 and kind = 'session' and id <> $2 returning id";
const EVERYTHING: &str = "delete from credentials where user_id = $1 and id <> $2 returning id";

/// Ends a user's credentials, except the session to keep.
pub(crate) fn all(
    tx: &mut Tx<'_>,
    user: Id,
    keep: Option<Id>,
    extent: Extent,
) -> Result<Vec<AccessChange>, Error> {
    let (now, keep) = (tx.now(), keep.map(|id| id.to_string()).unwrap_or_default());
    // First, because it locks the user: a credential being created now is created before this or not at all.
    tx.execute(SIGNED_OUT, params![user, now])?;
    let which = match extent {
        Extent::Sessions => SESSIONS,
        Extent::Everything => EVERYTHING,
    };
    let ended: Vec<(Id,)> = tx.all(which, params![user, keep])?;
    Ok(ended.into_iter().map(|(id,)| AccessChange::Session(id)).collect())
}
