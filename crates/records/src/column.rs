//! Columns that use '' or 0 for "none", read as options.

use base::{Id, Time};
use store::{Error, Row};

use crate::Named;

/// An id, or none for ''.
pub(crate) fn id(row: &Row, index: usize) -> Result<Option<Id>, Error> {
    let text: String = row.get(index)?;
    if text.is_empty() {
        return Ok(None);
    }
    row.get(index).map(Some)
}

/// An id that is already a text, or none for ''.
pub(crate) fn parsed(text: &str) -> Result<Option<Id>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| Error::Decode("an id".to_owned()))
}

/// A time, or none for 0.
pub(crate) fn time(row: &Row, index: usize) -> Result<Option<Time>, Error> {
    let time: Time = row.get(index)?;
    Ok((time != Time::default()).then_some(time))
}

/// An id with the name from an outer join, or none for ''.
pub(crate) fn named(row: &Row, index: usize) -> Result<Option<Named>, Error> {
    let Some(id) = id(row, index)? else {
        return Ok(None);
    };
    let name: Option<String> = row.get(index + 1)?;
    Ok(name.map(|name| Named { id, name }))
}

/// The stored value of an optional id.
pub(crate) fn id_or_none(id: Option<Id>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// The stored value of an optional time.
pub(crate) fn time_or_none(time: Option<Time>) -> Time {
    time.unwrap_or_default()
}
