//! What is kept of the data of an external event: the fields that messages use, cleaned, and nothing else.
//!
//! The format of Campanile's webhooks is accepted, too; there the record's own fields are in `attributes`.

use base::{Id, Kind, Severity, Time, text};
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::cloud::Fields;
use crate::text::{MAX_COMMENT, MAX_TITLE};

/// Maximum size of the data as JSON in bytes.
const MAX_DATA: usize = 65_536;
/// Maximum length of a text other than a title in characters.
const MAX_LINE: usize = 200;
/// Maximum number of ids in a list, as many as a finding can have assignees.
const MAX_IDS: usize = crate::findings::assignees::MAX;

/// Texts of one line.
const LINES: [&str; 11] = [
    "title",
    "name",
    "status",
    "from_status",
    "from_severity",
    "location",
    "tool",
    "rule",
    "component",
    "component_version",
    "project_name",
];
/// Lists of texts of one line.
const LISTS: [&str; 3] = ["identifiers", "fixed_versions", "tags"];
/// Maximum number of texts of a list that are kept.
const LISTED: usize = 50;
/// Texts of several lines.
const BLOCKS: [&str; 3] = ["comment", "error", "reason"];
/// Times or dates.
const MOMENTS: [&str; 4] = ["sla_due_at", "retest_due_at", "expires_at", "expires_on"];
/// The counts of a scan.
const COUNTS: [&str; 7] = [
    "read",
    "created",
    "updated",
    "reopened",
    "closed",
    "unchanged",
    "skipped",
];

/// The content of the data.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) severity: Option<Severity>,
    pub(super) users: Vec<Id>,
    pub(super) teams: Vec<Id>,
    pub(super) data: Map<String, Value>,
}

/// The content of the data; none if it is invalid, with the faults noted.
pub(super) fn read(fields: &mut Fields<'_>, kind: Kind) -> Option<Content> {
    let input = match fields.get("data") {
        Some(Value::Object(input)) => input,
        Some(_) => {
            fields.note("data", "must be an object");
            return None;
        }
        None => {
            fields.note("data", "is required");
            return None;
        }
    };
    if Value::Object(input.clone()).to_string().len() > MAX_DATA {
        fields.note("data", "must not be larger than 65,536 bytes");
        return None;
    }
    let (own, place) = match input.get("attributes") {
        Some(Value::Object(attributes)) => (attributes, "data.attributes."),
        _ => (input, "data."),
    };
    let severity = severity(fields, input, kind);
    let users = ids(fields, input, "assignee_user_ids");
    let teams = ids(fields, input, "assignee_team_ids");
    let mut data = texts(fields, own, place);
    lists(fields, own, place, &mut data);
    moments(fields, own, place, &mut data);
    counts(fields, own, place, &mut data);
    title(input, &mut data);
    let named = data.contains_key("title") || data.contains_key("name");
    fields.that(named, "data.title", "is required");
    Some(Content {
        severity,
        users,
        teams,
        data,
    })
}

/// A kind either carries a severity or does not (promise V2).
fn severity(fields: &mut Fields<'_>, input: &Map<String, Value>, kind: Kind) -> Option<Severity> {
    let carries = kind.about().severity;
    let severity = input.get("severity").filter(|value| !value.is_null());
    match (carries, severity) {
        (true, Some(Value::String(text))) => match text.parse::<Severity>() {
            Ok(severity) => return Some(severity),
            Err(error) => fields.note("data.severity", error.to_string()),
        },
        (true, Some(_)) => fields.note("data.severity", "must be a string"),
        (true, None) => fields.note("data.severity", "is required"),
        (false, Some(_)) => fields.note("data.severity", "must not be set for this type"),
        (false, None) => {}
    }
    None
}

fn ids(fields: &mut Fields<'_>, input: &Map<String, Value>, name: &str) -> Vec<Id> {
    let field = format!("data.{name}");
    match input.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) if list.len() <= MAX_IDS => {
            let parsed = list.iter().map(|one| one.as_str()?.parse().ok());
            let ids: Vec<Option<Id>> = parsed.collect();
            for (index, _) in ids.iter().enumerate().filter(|(_, id)| id.is_none()) {
                fields.note(&format!("{field}[{index}]"), "must be an id");
            }
            ids.into_iter().flatten().collect()
        }
        Some(Value::Array(_)) => {
            fields.note(&field, "must list at most 100");
            Vec::new()
        }
        Some(_) => {
            fields.note(&field, "must be a list");
            Vec::new()
        }
    }
}

fn texts(fields: &mut Fields<'_>, own: &Map<String, Value>, place: &str) -> Map<String, Value> {
    let mut data = Map::new();
    for name in LINES.iter().chain(&BLOCKS) {
        let clean = match own.get(*name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(raw)) if BLOCKS.contains(name) => text::block(raw, MAX_COMMENT),
            Some(Value::String(raw)) if matches!(*name, "title" | "name") => text::line(raw, MAX_TITLE),
            Some(Value::String(raw)) => text::line(raw, MAX_LINE),
            Some(_) => {
                fields.note(&format!("{place}{name}"), "must be a string");
                continue;
            }
        };
        if !clean.is_empty() {
            data.insert((*name).to_owned(), clean.into());
        }
    }
    data
}

fn lists(fields: &mut Fields<'_>, own: &Map<String, Value>, place: &str, data: &mut Map<String, Value>) {
    for name in LISTS {
        let list = match own.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list,
            Some(_) => {
                fields.note(&format!("{place}{name}"), "must be a list");
                continue;
            }
        };
        let texts = list
            .iter()
            .filter_map(Value::as_str)
            .map(|raw| text::line(raw, MAX_LINE));
        let texts: Vec<Value> = texts
            .filter(|text| !text.is_empty())
            .take(LISTED)
            .map(Value::from)
            .collect();
        if !texts.is_empty() {
            data.insert(name.to_owned(), texts.into());
        }
    }
}

fn moments(fields: &mut Fields<'_>, own: &Map<String, Value>, place: &str, data: &mut Map<String, Value>) {
    for name in MOMENTS {
        let moment = match own.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(raw)) => raw.parse::<Time>().map(|time| time.to_string()).ok().or_else(|| {
                let day = raw.parse::<Date>().ok()?;
                Some(day.to_string())
            }),
            Some(_) => None,
        };
        match moment {
            Some(moment) => drop(data.insert(name.to_owned(), moment.into())),
            None => fields.note(&format!("{place}{name}"), "must be a time or a date"),
        }
    }
}

fn counts(fields: &mut Fields<'_>, own: &Map<String, Value>, place: &str, data: &mut Map<String, Value>) {
    match own.get("counts") {
        None | Some(Value::Null) => {}
        Some(Value::Object(counts)) => {
            let known = COUNTS.iter().filter_map(|name| {
                let count = counts.get(*name)?.as_u64()?;
                Some(((*name).to_owned(), Value::from(count)))
            });
            data.insert("counts".to_owned(), Value::Object(known.collect()));
        }
        Some(_) => fields.note(&format!("{place}counts"), "must be an object"),
    }
}

/// The title of the record in our own format, for kinds whose own fields have no title.
fn title(input: &Map<String, Value>, data: &mut Map<String, Value>) {
    if data.contains_key("title") || data.contains_key("name") {
        return;
    }
    let subject = input.get("subject").and_then(|subject| subject.get("title"));
    let title = subject.or_else(|| input.get("title")).and_then(Value::as_str);
    let title = text::line(title.unwrap_or_default(), MAX_TITLE);
    if !title.is_empty() {
        data.insert("title".to_owned(), title.into());
    }
}
