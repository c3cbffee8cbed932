//! The texts of an event's data, cleaned: as one line; and the ids of records.

use base::{Event, Id, text};
use serde_json::{Map, Value};

/// The longest other text of one line.
pub(super) const LINE_CHARS: usize = 200;

/// A text of the event's data as one clean line, if it is not empty.
pub(super) fn one_line(event: &Event, key: &str) -> Option<String> {
    event
        .text(key)
        .map(|raw| text::line(raw, LINE_CHARS))
        .filter(|line| !line.is_empty())
}

/// Whether it is about a record of another platform.
pub(super) fn is_elsewhere(event: &Event) -> bool {
    event.data.get("external") == Some(&Value::Bool(true))
}

/// The ids of the records that an event is about: `finding_id`, `company_id`, …
pub(super) fn ids(event: &Event) -> Map<String, Value> {
    let mut ids: Map<_, _> = event
        .data
        .iter()
        .filter(|(key, value)| {
            key.ends_with("_id") && value.as_str().is_some_and(|text| text.parse::<Id>().is_ok())
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !is_elsewhere(event) {
        let own = format!("{}_id", event.subject.kind.name());
        ids.insert(own, event.subject.id.to_string().into());
    }
    if let Some(company) = event.audience.company() {
        ids.insert("company_id".to_owned(), company.to_string().into());
    }
    ids
}
