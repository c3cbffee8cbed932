//! How many events there are since a time.
//!
//! Must not: read the events themselves; what is new decides whether anyone should.

use base::Time;

use crate::{Error, Tx, params};

const COUNT: &str = "select count(*) from events where at >= $1";

/// How many stored events happened at this time or later.
///
/// # Errors
/// The database's.
pub fn events_since(tx: &mut Tx<'_>, since: Time) -> Result<u64, Error> {
    let counted: Option<(u64,)> = tx.one(COUNT, params![since])?;
    Ok(counted.map_or(0, |(count,)| count))
}
