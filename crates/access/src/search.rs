//! Searching lists of users and companies.
//!
//! Owns: the case-insensitive search. The databases' own functions support different alphabets and there are few
//! rows, so they are read in order and searched here. Must not: know which columns are searched.

use base::Id;
use store::Error;

use crate::{Refused, validate::Check};

/// The longest search text, in characters.
pub(crate) const LONGEST: usize = 200;

/// Rows read at once.
const BATCH: u32 = 500;

/// The search text of a list, if any, in lower case.
///
/// # Errors
/// 422 if it is not a single line.
pub(crate) fn search_text(text: Option<String>) -> Result<Option<String>, Refused> {
    let mut check = Check::new();
    let line = check.optional_line("text", &text.unwrap_or_default(), LONGEST);
    check.valid()?;
    Ok(Some(line.to_lowercase()).filter(|line| !line.is_empty()))
}

/// The first `limit` rows from `read` (after an id, up to a number) that contain `text`.
pub(crate) fn find<T>(
    text: Option<&str>,
    (mut after, limit): (Option<Id>, u32),
    mut read: impl FnMut(Option<Id>, u32) -> Result<Vec<T>, Error>,
    look: impl Fn(&T) -> (Id, Vec<&str>),
) -> Result<Vec<T>, Error> {
    let Some(text) = text else {
        return read(after, limit);
    };
    let mut found = Vec::new();
    loop {
        let rows = read(after, BATCH)?;
        let last = rows.len() < BATCH as usize;
        after = rows.last().map(|row| look(row).0);
        let fits = |row: &T| look(row).1.iter().any(|part| part.to_lowercase().contains(text));
        found.extend(rows.into_iter().filter(fits));
        if last || found.len() >= limit as usize {
            found.truncate(limit as usize);
            return Ok(found);
        }
    }
}
