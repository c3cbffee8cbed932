//! An event without details.

use base::{Event, Time, text};
use channels::message::TITLE_CHARS;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::texts::is_elsewhere;

/// How many characters at the end of an id distinguish records. Its beginning is a time, which those of one import
/// share.
const END_OF_ID: usize = 8;

/// The event with only the data that may be sent out: a message composed from it cannot reveal more. New data of an
/// event is not sent until it is named here.
pub(super) fn of(event: &Event) -> Event {
    let mut data = Map::new();
    if let Some(company) = event.text("company_name") {
        data.insert("company_name".into(), company.into());
    }
    for key in ["sla_due_at", "retest_due_at", "expires_at", "expires_on"] {
        if let Some(moment) = event.text(key).filter(|text| is_a_moment(text)) {
            data.insert(key.into(), moment.into());
        }
    }
    if is_elsewhere(event) {
        data.insert("external".into(), true.into());
    }
    if event.data.get("many") == Some(&Value::Bool(true)) {
        data.insert("many".into(), true.into());
    }
    data.insert("title".into(), title(event).into());
    Event {
        data,
        ..event.clone()
    }
}

fn is_a_moment(text: &str) -> bool {
    text.parse::<Time>().is_ok() || text.parse::<Date>().is_ok()
}

/// "A finding (…3f9c2a1b)".
fn title(event: &Event) -> String {
    let kind = event.subject.kind.name();
    let article = if kind.starts_with('a') { "An" } else { "A" };
    let id = event.subject.id.to_string();
    let end: String = id.chars().skip(id.len().saturating_sub(END_OF_ID)).collect();
    text::line(&format!("{article} {kind} (…{end})"), TITLE_CHARS)
}
