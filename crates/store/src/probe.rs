//! Tests whether the database accepts writes with a test write.
//!
//! Owns: the table `write_probe`. Must not: leave anything in it.

use crate::{Error, Tx, params};

/// A small write may still fit where an ordinary one does not.
const FILLER: usize = 16_384;

const MODE: &str = "select current_setting('transaction_read_only')";
const INSERT: &str = "insert into write_probe (id, filler) values ($1, $2)";
const DELETE: &str = "delete from write_probe";

pub(crate) fn try_change(tx: &mut Tx<'_>) -> Result<(), Error> {
    // A standby, or a server configured as read-only. SQLite reports it itself.
    if tx.is_postgres()
        && tx
            .one::<(String,)>(MODE, &[])?
            .is_some_and(|(mode,)| mode == "on")
    {
        return Err(Error::ReadOnly);
    }
    let id = tx.id();
    tx.execute(INSERT, params![id, "x".repeat(FILLER)])?;
    tx.execute(DELETE, &[]).map(drop)
}
