//! A name and a sentence: who did what to which record.

use base::Event;
use serde_json::Value;

use crate::message::{plain, texts::one_line};

/// The most changed fields that a sentence names.
const FIELDS: usize = 5;

/// The name and the sentence of an event.
pub(crate) struct Words {
    pub(crate) action: &'static str,
    pub(crate) sentence: String,
    /// The headline, if it is not the record's name.
    pub(crate) headline: Option<String>,
}

impl Words {
    pub(super) fn new(action: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            action,
            sentence: sentence.into(),
            headline: None,
        }
    }
}

/// With the actor, if known: "Mara Lind assigned this finding." or "This finding was assigned."
pub(super) fn done(event: &Event, action: &'static str, active: &str, passive: &str) -> Words {
    let sentence = match one_line(event, "actor_name") {
        Some(actor) => format!("{actor} {active}."),
        None => passive.to_owned(),
    };
    Words::new(action, sentence)
}

/// "Mara Lind changed the description and the location of this finding."
pub(super) fn changed(event: &Event, action: &'static str, record: &str, by_import: bool) -> Words {
    let what = match fields(event) {
        fields if fields.is_empty() => format!("this {record}"),
        fields => format!("{} of this {record}", plain::list(&fields)),
    };
    let sentence = match one_line(event, "actor_name") {
        _ if by_import => format!("A scan report changed {what}."),
        Some(actor) => format!("{actor} changed {what}."),
        None if event.data.contains_key("changed") => format!("There are changes to {what}."),
        None => format!("This {record} was changed."),
    };
    Words::new(action, sentence)
}

/// The fields that changed, each once: `cwe` and `cwes` are the same to a reader.
fn fields(event: &Event) -> Vec<String> {
    let changed = event.data.get("changed").and_then(Value::as_array);
    let mut fields: Vec<String> = Vec::new();
    for raw in changed.into_iter().flatten().filter_map(Value::as_str) {
        let field = field(raw);
        if !field.is_empty() && !fields.contains(&field) {
            fields.push(field);
        }
    }
    if fields.len() > FIELDS {
        let more = fields.len() - (FIELDS - 1);
        fields.truncate(FIELDS - 1);
        fields.push(format!("{more} other fields"));
    }
    fields
}

/// The name of an API field in a sentence.
fn field(raw: &str) -> String {
    let known = match raw {
        "assignees" => "the assignees",
        "asset_id" => "the asset",
        "comments" => "the comments",
        "cvss" => "the CVSS score",
        "cwe" | "cwes" => "the CWE",
        "error" => "the error message",
        "expires_at" | "expires_on" | "ends_at" | "ends_on" => "the end date",
        "identifiers" => "the identifiers",
        "location" | "locations" => "the location",
        "owners" => "the owners",
        "project_id" => "the project",
        "retest_due_at" => "the retest date",
        "rule_id" => "the rule",
        "scheduled_at" => "the scheduled time",
        "sla_due_at" => "the SLA deadline",
        "starts_at" | "starts_on" => "the start date",
        "tags" => "the tags",
        other => {
            let name = plain::lower(other);
            let name = name.strip_suffix(" id").unwrap_or(&name);
            return if name.is_empty() {
                String::new()
            } else {
                format!("the {name}")
            };
        }
    };
    known.to_owned()
}
