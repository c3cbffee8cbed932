//! Texts that users send: what is allowed, maximum lengths, and how lists search them.
//!
//! Owns: the lengths, titles, and the text that lists search. Must not: escape anything for a channel.

use std::str::FromStr;

use access::{Patch, validate::Check};
use base::Id;
use store::Value;

/// Maximum length of a title or name in characters.
pub const MAX_TITLE: usize = 300;
/// Maximum length of a description in characters.
pub const MAX_DESCRIPTION: usize = 20_000;
/// Maximum length of a location, a rule's id or a tool's name in characters.
pub const MAX_LINE: usize = 1_000;
/// Maximum length of a comment on a status in characters.
pub const MAX_COMMENT: usize = 2_000;
/// Maximum length of a search text in characters.
pub const MAX_SEARCH: usize = 200;
/// How many characters of a description are searched.
const SEARCHED: usize = 2_000;

/// A line with visible text: no control characters; invisible characters and those that change the reading direction
/// are removed.
pub(crate) fn title(check: &mut Check, field: &str, text: &str) -> String {
    check.name(field, text, MAX_TITLE)
}

/// A line, possibly empty; otherwise as [`title`].
pub(crate) fn line(check: &mut Check, field: &str, text: &str, max: usize) -> String {
    base::text::line(&check.optional_line(field, text, max), max)
}

/// A change of an optional line: as [`line`].
pub(crate) fn line_change(
    check: &mut Check,
    field: &str,
    value: Patch<String>,
    max: usize,
) -> Option<String> {
    let text = value.change()?.unwrap_or_default();
    Some(line(check, field, &text, max))
}

/// The text, or none for an empty one.
pub(crate) fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The search text of a list, if any.
pub(crate) fn wanted(check: &mut Check, text: Option<String>) -> Option<String> {
    given(check.optional_line("text", &text?, MAX_SEARCH))
}

/// The value of a filter, if any.
pub(crate) fn named(check: &mut Check, field: &str, text: Option<String>) -> Option<String> {
    given(check.optional_line(field, &text?, MAX_LINE))
}

/// The user that a parameter refers to: an id, or `me`.
pub(crate) fn person(check: &mut Check, field: &str, text: Option<&str>, me: Id) -> Option<Id> {
    match text {
        None | Some("") => None,
        Some("me") => Some(me),
        Some(id) => {
            let id = id.parse();
            check.that(id.is_ok(), field, "must be an id or `me`");
            id.ok()
        }
    }
}

/// The comma-separated values of a parameter, each once: so there are never more than possible values.
pub(crate) fn several<T: FromStr<Err: ToString> + PartialEq>(
    check: &mut Check,
    field: &str,
    text: Option<&str>,
) -> Vec<T> {
    let mut values = Vec::new();
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        match part.parse::<T>() {
            Ok(value) if values.contains(&value) => {}
            Ok(value) => values.push(value),
            Err(error) => {
                check.note(field, error.to_string());
                // One note is enough: a hostile list has thousands of faults.
                break;
            }
        }
    }
    values
}

/// The text that lists search: the parts, in lower case, one per line.
pub(crate) fn searched(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.extend(part.chars().take(SEARCHED).flat_map(char::to_lowercase));
    }
    out
}

/// The pattern that finds `text` anywhere, for `like ? escape '!'`.
pub(crate) fn pattern(text: &str) -> Value {
    let mut out = String::from("%");
    for char in text.chars().flat_map(char::to_lowercase) {
        if matches!(char, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(char);
    }
    out.push('%');
    Value::Text(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_visible_line() {
        let title = |text: &str| {
            let mut check = Check::new();
            let title = title(&mut check, "title", text);
            check.done().map(|()| title)
        };
        assert_eq!(title("  A \u{202e}title "), Ok("A title".to_owned()));
        let (long, longest) = ("é".repeat(MAX_TITLE + 1), "é".repeat(MAX_TITLE));
        for bad in ["", " ", "\u{200b}", "a\0b", "a\nb", &"x".repeat(1 << 20), &long] {
            assert_eq!(title(bad).map_err(|problem| problem.errors().len()), Err(1));
        }
        assert_eq!(title(&longest), Ok(longest));
        let mut check = Check::new();
        assert_eq!(line(&mut check, "location", " ", 10), "");
        assert!(check.done().is_ok());
    }

    // issue 18, line 2
    #[test]
    fn a_value_counts_once() {
        let read = |text: &str| {
            let mut check = Check::new();
            let values: Vec<base::Severity> = several(&mut check, "severity", Some(text));
            check
                .done()
                .map(|()| values.len())
                .map_err(|problem| problem.errors().len())
        };
        assert_eq!(read("low,high,,low, high ,"), Ok(2));
        assert_eq!(read(&"low,".repeat(8_000)), Ok(1));
        assert_eq!(read(&"low,lower,".repeat(8_000)), Err(1));
    }

    #[test]
    fn a_search_has_no_wildcards() {
        assert_eq!(pattern("50%_!Ä"), Value::Text("%50!%!_!!ä%".to_owned()));
        assert_eq!(searched(&["Über", "", "B"]), "über\nb");
    }
}
