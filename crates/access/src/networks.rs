//! The networks a user recently signed in from: guesses from elsewhere do not lock them out there.
//!
//! Owns: the table `sign_in_networks`. Must not: take longer for an account that signs in often than for another.

use std::{net::IpAddr, time::Duration};

use base::Id;
use store::{Error, Tx, params};

use crate::limits;

/// For how long a network counts as known for a user.
const KNOWN: Duration = Duration::from_hours(90 * 24);

const RECORD: &str = "insert into sign_in_networks (user_id, network, at) values ($1, $2, $3) \
     on conflict (user_id, network) do update set at = excluded.at";

/// Records that a user signed in from there.
pub(crate) fn record(tx: &mut Tx<'_>, user: Id, peer: IpAddr) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(RECORD, params![user, limits::network_name(peer), now])?;
    Ok(())
}

const IS_KNOWN: &str = "select n.at from sign_in_networks n join users u on u.id = n.user_id \
     where u.email_key = $1 and n.network = $2 and n.at > $3";

/// Whether the account with this email address recently signed in from there.
pub(crate) fn is_known(tx: &mut Tx<'_>, email_key: &str, peer: IpAddr) -> Result<bool, Error> {
    let since = tx.now().before(KNOWN);
    let at: Option<(base::Time,)> =
        tx.one(IS_KNOWN, params![email_key, limits::network_name(peer), since])?;
    Ok(at.is_some())
}

const DELETE_EXPIRED: &str = "delete from sign_in_networks where at <= $1";

/// Removes expired networks.
pub(crate) fn prune(tx: &mut Tx<'_>) -> Result<(), Error> {
    let since = tx.now().before(KNOWN);
    tx.execute(DELETE_EXPIRED, params![since])?;
    Ok(())
}
