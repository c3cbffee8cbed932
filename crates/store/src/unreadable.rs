//! Rows that cannot be read: damaged, or written by a later version. They do not hide other rows.
//!
//! Owns: how often a row was skipped, for the metrics, and the log line about it.
//! Must not: skip a row that a decision depends on; only code that reads for display, or for many at once, uses this.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use base::Throttle;

use crate::{Error, FromRow, Row, Select, Tx};

/// How often a row of each type was skipped since the start.
static SKIPPED: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// Counts an unreadable row of this type.
pub fn note(what: &'static str, error: &Error) {
    static LOGGED: Throttle = Throttle::new();
    let mut counts = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.entry(what).or_default() += 1;
    drop(counts);
    if let Some(times) = LOGGED.due() {
        tracing::error!(what, %error, times, "a stored row cannot be read and was skipped");
    }
}

/// How often a row of each type was skipped since the start.
pub fn skipped() -> Vec<(&'static str, u64)> {
    let counts = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    counts.iter().map(|(what, count)| (*what, *count)).collect()
}

/// The readable rows; the others are counted as `what`.
pub(crate) fn readable<T: FromRow>(what: &'static str, rows: &[Row]) -> Result<Vec<T>, Error> {
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        match T::from_row(row) {
            Ok(value) => read.push(value),
            Err(error @ Error::Decode(_)) => note(what, &error),
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// The first `limit` readable rows of a query that returns up to a requested number: unreadable ones are replaced by
/// later ones.
///
/// # Errors
/// The database's.
pub fn page<T: FromRow>(
    tx: &mut Tx<'_>,
    what: &'static str,
    limit: usize,
    query: impl Fn(usize) -> Select,
) -> Result<Vec<T>, Error> {
    let mut most = limit;
    loop {
        let rows: Vec<Row> = query(most).all(tx)?;
        let mut read = readable(what, &rows)?;
        if read.len() >= limit || rows.len() < most {
            read.truncate(limit);
            return Ok(read);
        }
        most = most.saturating_mul(2);
    }
}
