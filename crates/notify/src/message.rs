//! What a message says, before any channel gives it a shape: one wording for the inbox and all channels.
//!
//! Owns: [`Message`], made by [`compose`] from an event. Its texts from outside are cleaned (one line, a length), but
//! not escaped: every channel escapes for itself.
//! Must not: know a recipient or a channel.

mod minimal;
mod summary;
mod wording;

use base::{Event, Id, Severity, Subject, SubjectType, Time, text};
use serde_json::{Map, Value};

pub use summary::{SUMMARY_TYPE, Summary};

/// The longest title of a record in a message, in characters.
const TITLE_CHARS: usize = 300;
/// The longest other text of one line.
const LINE_CHARS: usize = 200;
/// The longest text of several lines: a comment, an error.
const NOTE_CHARS: usize = 1500;

/// What is said of one event, to whomever and on whichever channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The event it tells of.
    pub event_id: Id,
    /// The event's type, such as `finding.assigned`; [`TEST_TYPE`] for a test.
    pub event_type: &'static str,
    /// When it happened.
    pub at: Time,
    /// What happened, in two or three words: "Finding assigned".
    pub action: &'static str,
    /// The name of the record it happened to. From outside.
    pub subject_title: String,
    /// What happened, as one sentence. Holds names from outside.
    pub sentence: String,
    /// How bad, for events that carry it.
    pub severity: Option<Severity>,
    /// The company's name. From outside.
    pub company: Option<String>,
    /// What else is worth knowing at a glance, in this order.
    pub facts: Vec<Fact>,
    /// A comment or an error, of several lines. From outside.
    pub note: Option<String>,
    /// Where it can be seen.
    pub link: Link,
    /// The record; none for a test.
    pub subject: Option<Subject>,
    /// The ids of records it is about: `finding_id`, `company_id`, …
    pub ids: Map<String, Value>,
    /// The event's own data, as it is.
    pub attributes: Map<String, Value>,
}

/// How much of an event a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All that is worth knowing.
    Full,
    /// What kind of thing happened, in which company, how severe, when and until when: for a company none of whose
    /// detail is to leave the house by mail or chat.
    Minimal,
}

/// One thing worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is, in our words.
    pub label: &'static str,
    /// Its value. From outside.
    pub text: String,
}

/// A link to our own console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What to press, in our words.
    pub label: &'static str,
    /// The whole URL, made of the public URL and ids only.
    pub url: String,
}

/// The event type of a test message.
pub const TEST_TYPE: &str = "campanile.test";

impl Message {
    /// One line for an inbox row: "Finding assigned: SQL injection in login".
    pub fn title(&self) -> String {
        text::line(&format!("{}: {}", self.action, self.subject_title), TITLE_CHARS)
    }

    /// A few words below the title: where, and what happened.
    pub fn body(&self) -> String {
        let mut parts = Vec::new();
        if let Some(severity) = self.severity {
            parts.push(wording::severity(severity).to_owned());
        }
        parts.extend(self.company.clone());
        parts.extend(self.fact("Project").map(str::to_owned));
        let place = parts.join(" · ");
        if place.is_empty() {
            self.sentence.clone()
        } else {
            format!("{place}. {}", self.sentence)
        }
    }

    /// The data of an inbox row: the ids a console links by (promise I2).
    pub const fn data(&self) -> &Map<String, Value> {
        &self.ids
    }

    /// The text of a fact.
    pub fn fact(&self, label: &str) -> Option<&str> {
        self.facts
            .iter()
            .find(|fact| fact.label == label)
            .map(|fact| fact.text.as_str())
    }

    /// The severity as people read it: "Critical".
    pub fn severity_label(&self) -> Option<&'static str> {
        self.severity.map(wording::severity)
    }

    /// The severity as a colour that is seen at a glance, for chats.
    pub fn severity_mark(&self) -> Option<&'static str> {
        self.severity.map(wording::mark)
    }
}

/// What is said of the event, and how much of it. `public_url` is the console's address, without a slash at its end.
pub fn compose(event: &Event, public_url: &str, detail: Detail) -> Message {
    match detail {
        Detail::Full => whole(event, public_url),
        Detail::Minimal => whole(&minimal::of(event), public_url),
    }
}

fn whole(event: &Event, public_url: &str) -> Message {
    let words = wording::words(event);
    Message {
        event_id: event.id,
        event_type: event.kind.name(),
        at: event.at,
        action: words.action,
        subject_title: subject_title(event),
        sentence: words.sentence,
        severity: event.severity,
        company: one_line(event, "company_name"),
        facts: facts(event),
        note: ["comment", "error", "reason"]
            .iter()
            .find_map(|key| event.text(key))
            .map(|note| text::block(note, NOTE_CHARS))
            .filter(|note| !note.is_empty()),
        link: link(event, public_url),
        subject: Some(event.subject),
        ids: ids(event),
        attributes: event.data.clone(),
    }
}

/// A message that only shows that a destination works; on the same way as a real one.
pub fn test(id: Id, at: Time, public_url: &str) -> Message {
    Message {
        event_id: id,
        event_type: TEST_TYPE,
        at,
        action: "Test message",
        subject_title: "this destination works".to_owned(),
        sentence:
            "An administrator sent this test from Campanile. Nothing happened, and nothing is to be done."
                .to_owned(),
        severity: None,
        company: None,
        facts: Vec::new(),
        note: None,
        link: Link {
            label: "Open Campanile",
            url: format!("{}/", public_url.trim_end_matches('/')),
        },
        subject: None,
        ids: Map::new(),
        attributes: Map::new(),
    }
}

/// A time as people read it: "3 Dec 2026, 14:00 UTC".
pub fn moment(time: Time) -> String {
    wording::at(time)
}

/// A text of the event's data as one clean line, if anything is left of it.
fn one_line(event: &Event, key: &str) -> Option<String> {
    event
        .text(key)
        .map(|raw| text::line(raw, LINE_CHARS))
        .filter(|line| !line.is_empty())
}

fn subject_title(event: &Event) -> String {
    let title = ["title", "name"]
        .iter()
        .find_map(|key| event.text(key))
        .map(|raw| text::line(raw, TITLE_CHARS))
        .filter(|title| !title.is_empty());
    title.unwrap_or_else(|| format!("{} {}", event.subject.kind.name(), event.subject.id))
}

fn facts(event: &Event) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |label, text: Option<String>| facts.extend(text.map(|text| Fact { label, text }));
    add("Project", one_line(event, "project_name"));
    let status = event.text("status").map(wording::plain_name);
    add("Status", status.filter(|status| !status.is_empty()));
    add("Location", one_line(event, "location"));
    add("Tool", one_line(event, "tool"));
    add("Source", one_line(event, "source"));
    for (label, key) in [
        ("SLA deadline", "sla_due_at"),
        ("Retest due", "retest_due_at"),
        ("Expires", "expires_at"),
        ("Expires on", "expires_on"),
    ] {
        add(label, event.text(key).map(wording::moment));
    }
    add("Findings", wording::counts(event));
    let channel = event.text("channel").map(wording::plain_name);
    add("Channel", channel.filter(|channel| !channel.is_empty()));
    facts
}

/// Whether it tells of something that is at another platform and not here.
fn is_elsewhere(event: &Event) -> bool {
    event.data.get("external") == Some(&Value::Bool(true))
}

/// The page of the record; where it has none, is gone or never was here, the inbox.
fn link(event: &Event, public_url: &str) -> Link {
    let base = public_url.trim_end_matches('/');
    let id = event.subject.id;
    let without = event.kind.name().ends_with(".deleted") || is_elsewhere(event);
    let finding = event.text("finding_id").and_then(|id| id.parse::<Id>().ok());
    let (label, path) = match (event.subject.kind, finding) {
        (SubjectType::Finding, _) if !without => ("Open finding", format!("/findings/{id}")),
        (SubjectType::Scan, _) if !without => ("Open scan", format!("/scans/{id}")),
        (SubjectType::Project, _) if !without => ("Open project", format!("/projects/{id}")),
        // Whoever is asked, and whoever asked, wants to see what it is about.
        (SubjectType::Approval, Some(finding)) if !is_elsewhere(event) => {
            ("Open finding", format!("/findings/{finding}"))
        }
        (SubjectType::Agreement, _) if !without => ("Open calendar", "/calendar".to_owned()),
        _ => ("Open inbox", "/inbox".to_owned()),
    };
    Link {
        label,
        url: format!("{base}{path}"),
    }
}

fn ids(event: &Event) -> Map<String, Value> {
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

#[cfg(test)]
mod tests;
