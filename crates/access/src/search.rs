//! Lists of people and companies that hold a text.
//!
//! Owns: looking for it in any case of letters. The databases' own functions know different letters and there are few
//! rows, so they are read in their order and looked into here. Must not: know what is looked for where.

use base::Id;
use store::Error;

use crate::{Problem, validate::Check};

/// Characters of a search.
pub(crate) const LONGEST: usize = 200;

/// Rows that are read at once.
const AT_ONCE: u32 = 500;

/// What a list looks for, if anything: in small letters.
///
/// # Errors
/// 422 for one that is no line.
pub(crate) fn wanted(text: Option<String>) -> Result<Option<String>, Problem> {
    let mut check = Check::new();
    let line = check.optional_line("text", &text.unwrap_or_default(), LONGEST);
    check.done()?;
    Ok(Some(line.to_lowercase()).filter(|line| !line.is_empty()))
}

/// The first `limit` of the rows that `read` answers (after an id, so many) in which `text` is found.
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
        let rows = read(after, AT_ONCE)?;
        let last = rows.len() < AT_ONCE as usize;
        after = rows.last().map(|row| look(row).0);
        let fits = |row: &T| look(row).1.iter().any(|part| part.to_lowercase().contains(text));
        found.extend(rows.into_iter().filter(fits));
        if last || found.len() >= limit as usize {
            found.truncate(limit as usize);
            return Ok(found);
        }
    }
}
