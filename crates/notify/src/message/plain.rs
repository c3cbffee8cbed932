//! Names, times and lists of the API in readable form.

use base::{Event, Severity, Time, text};
use jiff::civil::Date;

/// The longest name of a status, a field or a channel.
const NAME: usize = 40;

/// A name of the API in readable form: `in_progress` is "In progress".
pub(super) fn name(raw: &str) -> String {
    let plain = lower(raw);
    let mut chars = plain.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The same inside a sentence: `due_date` is "due date".
pub(super) fn lower(raw: &str) -> String {
    text::line(&raw.replace('_', " "), NAME)
}

/// A severity inside a sentence, if it is one: "critical".
pub(super) fn severity(raw: &str) -> Option<&'static str> {
    raw.parse::<Severity>().ok().map(Severity::name)
}

/// A name in the event's data in readable form, if it is not empty.
pub(super) fn named(event: &Event, key: &str) -> Option<String> {
    event.text(key).map(name).filter(|name| !name.is_empty())
}

/// A time or a date in readable form, "3 Dec 2026, 14:00 UTC"; another text as it is, cleaned.
pub(super) fn moment(raw: &str) -> String {
    if let Ok(time) = raw.parse::<Time>() {
        return channels::message::moment(time);
    }
    raw.parse::<Date>().map_or_else(
        |_| text::line(raw, NAME),
        |date| date.strftime("%-d %b %Y").to_string(),
    )
}

/// A time in the event's data in readable form, if it is not empty.
pub(super) fn when(event: &Event, key: &str) -> Option<String> {
    event.text(key).map(moment).filter(|moment| !moment.is_empty())
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_like_one() {
        let list = |parts: &[&str]| list(&parts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
