//! Which secrets sign posts to webhook URLs.
//!
//! Owns: the table of which one is current. A secret itself is derived, never stored. It belongs to the URL: rules that
//! name the same URL share it.

use std::collections::HashMap;

use base::Time;
use store::{Error, Tx, params};

use crate::{
    channels::webhook::{OVERLAP, Signing},
    target::Key,
};

const ALL: &str = "select target_key, version, rotated_at from webhook_secrets";
const OF: &str = "select version, rotated_at from webhook_secrets where target_key = $1";
// Nothing changes if the previous secret was to stay valid.
const ROTATE: &str = "insert into webhook_secrets (target_key, version, rotated_at) values ($1, 2, $2) \
     on conflict (target_key) do update set version = webhook_secrets.version + 1, rotated_at = excluded.rotated_at \
     where webhook_secrets.rotated_at <= $3";

/// Which secrets are valid, of every URL whose secret was ever rotated.
///
/// # Errors
/// Database errors.
pub(crate) fn all(tx: &mut Tx<'_>) -> Result<HashMap<Key, Signing>, Error> {
    let rows: Vec<(String, u32, Time)> = tx.all(ALL, &[])?;
    let signing = |(key, version, rotated_at): (String, u32, Time)| {
        (Key::stored(&key), Signing { version, rotated_at })
    };
    Ok(rows.into_iter().map(signing).collect())
}

/// Which secrets of a URL are valid.
///
/// # Errors
/// Database errors.
pub(crate) fn of(tx: &mut Tx<'_>, key: &Key) -> Result<Signing, Error> {
    let row: Option<(u32, Time)> = tx.one(OF, params![key.as_str()])?;
    Ok(
        row.map_or_else(Signing::default, |(version, rotated_at)| Signing {
            version,
            rotated_at,
        }),
    )
}

/// Creates a new secret for a URL; whether it did. It does not while two are valid, unless the older one is dropped.
///
/// # Errors
/// Database errors.
pub(crate) fn rotate(tx: &mut Tx<'_>, key: &str, drop_previous: bool) -> Result<bool, Error> {
    let now = tx.now();
    let ended = if drop_previous { now } else { now.before(OVERLAP) };
    Ok(tx.execute(ROTATE, params![key, now, ended])? > 0)
}
