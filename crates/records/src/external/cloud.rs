//! Parses one `CloudEvent` from JSON and checks every attribute.

use std::time::Duration;

use access::validate::Check;
use base::{Id, Kind, Severity, Time};
use serde_json::{Map, Value};

use super::{data, may_bring};

/// Maximum length of an id of another platform in characters.
pub(super) const MAX_ID: usize = 200;
/// Maximum length of a source in bytes. Together with the id it fits into an index key.
pub(super) const MAX_SOURCE: usize = 1_000;
/// Maximum length of a subject in characters.
pub(super) const MAX_SUBJECT: usize = 500;
/// How far another platform's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_mins(5);
/// Older events are announced as if they were this old: nobody needs to react to events from years ago.
const OLDEST: Duration = Duration::from_hours(24 * 30);

/// A checked event of another platform.
#[derive(Debug, Clone)]
pub(super) struct Cloud {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) source: String,
    pub(super) company: Id,
    pub(super) at: Time,
    pub(super) subject: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) users: Vec<Id>,
    pub(super) teams: Vec<Id>,
    pub(super) data: Map<String, Value>,
    /// The prefix of its field names: `[3].` in a batch.
    pub(super) place: String,
}

/// The event; none if it is invalid, with the faults noted.
pub(super) fn read(value: &Value, place: String, now: Time, check: &mut Check) -> Option<Cloud> {
    let Some(event) = value.as_object() else {
        check.note(place.trim_end_matches('.'), "must be an object");
        return None;
    };
    let mut fields = Fields { event, place, check };
    let version = fields.text("specversion");
    fields.that(
        version.is_none_or(|text| text == "1.0"),
        "specversion",
        "must be 1.0",
    );
    let kind = fields.parsed::<Kind>("type").filter(|kind| {
        fields.that(
            may_bring(*kind),
            "type",
            "must be a type that other platforms may send",
        )
    });
    let id = fields.text("id").map(str::to_owned);
    if let Some(id) = &id {
        let fits = !id.is_empty() && id.chars().count() <= MAX_ID && !id.chars().any(char::is_control);
        fields.that(
            fits,
            "id",
            "must have 1 to 200 characters and no control characters",
        );
    }
    let source = fields.text("source").map(str::to_owned);
    if let Some(source) = &source {
        let plain = source.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = plain && (1..=MAX_SOURCE).contains(&source.len());
        fields.that(fits, "source", "must be a URI reference of 1 to 1,000 characters");
    }
    let company = fields.parsed::<Id>("company");
    let at = fields.time(now);
    let subject = fields.subject();
    fields.json_data();
    let content = kind.and_then(|kind| data::read(&mut fields, kind));
    let (kind, id, source, company, content) = (kind?, id?, source?, company?, content?);
    Some(Cloud {
        kind,
        id,
        source,
        company,
        at,
        subject,
        severity: content.severity,
        users: content.users,
        teams: content.teams,
        data: content.data,
        place: fields.place,
    })
}

/// The attributes of one event, with the faults that are noted.
pub(super) struct Fields<'a> {
    event: &'a Map<String, Value>,
    place: String,
    check: &'a mut Check,
}

impl<'a> Fields<'a> {
    pub(super) fn note(&mut self, name: &str, detail: impl Into<String>) {
        self.check.note(format!("{}{name}", self.place), detail);
    }

    /// Returns the condition; notes the fault if it is false.
    pub(super) fn that(&mut self, fits: bool, name: &str, detail: &str) -> bool {
        if !fits {
            self.note(name, detail);
        }
        fits
    }

    /// The value of an attribute; null counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.event.get(name).filter(|value| !value.is_null())
    }

    /// The text of a required attribute.
    fn text(&mut self, name: &str) -> Option<&'a str> {
        match self.get(name) {
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.note(name, "must be a string");
                None
            }
            None => {
                self.note(name, "is required");
                None
            }
        }
    }

    fn parsed<T: std::str::FromStr<Err: ToString>>(&mut self, name: &str) -> Option<T> {
        let parsed = self.text(name)?.parse::<T>();
        parsed.map_err(|error| self.note(name, error.to_string())).ok()
    }

    /// When it happened; now if it is not stated.
    fn time(&mut self, now: Time) -> Time {
        if self.get("time").is_none() {
            return now;
        }
        let at = self.parsed::<Time>("time").unwrap_or(now);
        self.that(at <= now.after(AHEAD), "time", "must not be in the future");
        at.clamp(now.before(OLDEST), now)
    }

    fn subject(&mut self) -> Option<String> {
        self.get("subject")?;
        let subject = self.text("subject")?;
        let fits = subject.chars().count() <= MAX_SUBJECT && !subject.chars().any(char::is_control);
        self.that(
            fits,
            "subject",
            "must have at most 500 characters and no control characters",
        );
        Some(subject.to_owned()).filter(|subject| !subject.is_empty())
    }

    /// The data must be JSON inside the event.
    fn json_data(&mut self) {
        if self.get("datacontenttype").is_some() {
            let kind = self.text("datacontenttype").unwrap_or("application/json");
            let kind = kind
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            let json = kind == "application/json" || kind.ends_with("+json");
            self.that(json, "datacontenttype", "must be application/json");
        }
        let binary = self.get("data_base64").is_some();
        self.that(!binary, "data_base64", "is not supported; send data as JSON");
    }
}
