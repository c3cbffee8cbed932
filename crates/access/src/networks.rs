//! From which networks somebody signed in lately: guesses from elsewhere keep nobody out there.
//!
//! Owns: the table `sign_in_networks`. Must not: take longer for an account that signs in often than for another.

use std::{net::IpAddr, time::Duration};

use base::Id;
use store::{Error, Tx, params};

use crate::limits;

/// For how long a network counts as one that somebody signs in from.
const KNOWN: Duration = Duration::from_hours(90 * 24);

const REMEMBER: &str = "insert into sign_in_networks (user_id, network, at) values ($1, $2, $3) \
     on conflict (user_id, network) do update set at = excluded.at";

/// Notes that somebody signed in from there.
pub(crate) fn remember(tx: &mut Tx<'_>, user: Id, peer: IpAddr) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(REMEMBER, params![user, limits::network_name(peer), now])?;
    Ok(())
}

const KNOWS: &str = "select n.at from sign_in_networks n join users u on u.id = n.user_id \
     where u.email_key = $1 and n.network = $2 and n.at > $3";

/// Whether the account of this address signed in from there lately.
pub(crate) fn knows(tx: &mut Tx<'_>, email_key: &str, peer: IpAddr) -> Result<bool, Error> {
    let since = tx.now().before(KNOWN);
    let at: Option<(base::Time,)> = tx.one(KNOWS, params![email_key, limits::network_name(peer), since])?;
    Ok(at.is_some())
}

const FORGET: &str = "delete from sign_in_networks where at <= $1";

/// Forgets those that no longer count.
pub(crate) fn prune(tx: &mut Tx<'_>) -> Result<(), Error> {
    let since = tx.now().before(KNOWN);
    tx.execute(FORGET, params![since])?;
    Ok(())
}
