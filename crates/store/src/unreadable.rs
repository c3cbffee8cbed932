//! Rows that cannot be read: damaged, or written by a later version. One of them hides none of the others.
//!
//! Owns: how often a row was left out, for the metrics, and the line in the log that says so.
//! Must not: leave out a row on which a decision rests; whoever reads for people, or for many at once, asks for this.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use base::Throttle;

use crate::{Error, FromRow, Row, Select, Tx};

/// How often a row of each sort was left out since the start.
static LEFT_OUT: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// Counts a row of this sort that cannot be read.
pub fn note(what: &'static str, error: &Error) {
    static SAID: Throttle = Throttle::new();
    let mut counts = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.entry(what).or_default() += 1;
    drop(counts);
    if let Some(times) = SAID.due() {
        tracing::error!(what, %error, times, "a stored row cannot be read and was left out");
    }
}

/// How often a row of each sort was left out since the start.
pub fn left_out() -> Vec<(&'static str, u64)> {
    let counts = LEFT_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    counts.iter().map(|(what, count)| (*what, *count)).collect()
}

/// Those of the rows that can be read; the others are counted as `what`.
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

/// The first `limit` rows that can be read of a query that answers as many as it is asked for: in place of those that cannot,
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
