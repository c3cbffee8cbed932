//! Which secrets sign posts to webhook URLs.
//!
//! Owns: the table of which one is current. A secret itself is derived, never stored. It is the URL's: rules that name
//! the same URL share it.

use std::collections::HashMap;

use base::Time;
use store::{Error, Tx, params};

use crate::{
    channels::webhook::{OVERLAP, Signing},
    target::Key,
};

const ALL: &str = "select target_key, version, rotated_at from webhook_secrets";
const OF: &str = "select version, rotated_at from webhook_secrets where target_key = $1";
// Nothing is changed where the secret before was to live on.
const ROTATE: &str = "insert into webhook_secrets (target_key, version, rotated_at) values ($1, 2, $2) \
     on conflict (target_key) do update set version = webhook_secrets.version + 1, rotated_at = excluded.rotated_at \
     where webhook_secrets.rotated_at <= $3";

/// Which secrets live, of every URL whose secret was ever replaced.
///
/// # Errors
/// The database's.
pub(crate) fn all(tx: &mut Tx<'_>) -> Result<HashMap<Key, Signing>, Error> {
    let rows: Vec<(String, u32, Time)> = tx.all(ALL, &[])?;
    let signing = |(key, version, rotated_at): (String, u32, Time)| {
        (Key::stored(&key), Signing { version, rotated_at })
    };
    Ok(rows.into_iter().map(signing).collect())
}

/// Which secrets of a URL live.
///
/// # Errors
/// The database's.
pub(crate) fn of(tx: &mut Tx<'_>, key: &Key) -> Result<Signing, Error> {
    let row: Option<(u32, Time)> = tx.one(OF, params![key.as_str()])?;
    Ok(
        row.map_or_else(Signing::default, |(version, rotated_at)| Signing {
            version,
            rotated_at,
        }),
    )
}

/// Makes a new secret for a URL; whether it did, which it does not while two live, unless the older is to end.
///
/// # Errors
/// The database's.
pub(crate) fn rotate(tx: &mut Tx<'_>, key: &str, drop_previous: bool) -> Result<bool, Error> {
    let now = tx.now();
    let ended = if drop_previous { now } else { now.before(OVERLAP) };
    Ok(tx.execute(ROTATE, params![key, now, ended])? > 0)
}
