//! What the clock announces: each source says when it is due, and does it.

use base::{Event, Kind, Time};
use serde_json::json;
use store::{Error, Tx, Value, rows};

use crate::{Refused, Settings};

/// A kind of record with timed announcements.
pub(crate) struct Source {
    /// Its name in the log.
    pub(crate) name: &'static str,
    /// Whether an event of this kind may bring the next instant forward.
    pub(crate) concerns: fn(Kind) -> bool,
    /// When there is something to do next; a time in the past is due.
    pub(crate) next: fn(&mut Tx<'_>, &Settings) -> Result<Option<Time>, Error>,
    /// Does what is due, for at most this many records; returns how many.
    pub(crate) act: fn(&mut Tx<'_>, &Settings, u32) -> Result<usize, Refused>,
    /// Postpones the record that is due soonest because it fails repeatedly.
    pub(crate) postpone: Option<Postpone>,
}

/// Postpones a source's first record.
type Postpone = fn(&mut Tx<'_>, Time) -> Result<(), Error>;

/// The deadline fields of every event of the clock.
pub(crate) fn describe(event: &mut Event, deadline: Time, step: u32, now: Time) {
    event.data.insert("deadline".to_owned(), json!(deadline));
    event.data.insert("step_hours".to_owned(), json!(step));
    let left = deadline.since(now).as_secs() / 3600;
    event.data.insert("hours_left".to_owned(), json!(left));
}

/// Records what is announced now: the statement's beginning and end, with the rows between.
///
/// # Errors
/// [`Error::Fault`] if one of them was already announced: then nothing may be announced here. The store's.
pub(crate) fn remember<const N: usize>(
    tx: &mut Tx<'_>,
    (begin, end): (&str, &str),
    rows: Vec<[Value; N]>,
) -> Result<(), Error> {
    let count = rows.len() as u64;
    if rows::insert(tx, (begin, end), rows)? == count {
        Ok(())
    } else {
        Err(Error::Fault("a step was already announced by another node"))
    }
}
