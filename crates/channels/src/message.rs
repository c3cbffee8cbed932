//! The content of a message, before any channel renders it: one wording for the inbox and all channels.
//!
//! Owns: [`Message`]. Its untrusted texts are cleaned (one line, limited length), but not escaped: every channel
//! escapes them itself.
//! Must not: know a recipient or a channel, or what created the message.

use base::{Id, Severity, Subject, Time, text};
use serde_json::{Map, Value};

/// The longest title of a message, in characters.
pub const TITLE_CHARS: usize = 300;
/// The longest note in the body of an inbox row.
const NOTE_CHARS: usize = 2000;
/// The longest line with a record's details.
const DETAIL_CHARS: usize = 300;

/// The message about one event, for every recipient and every channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The event it is about.
    pub event_id: Id,
    /// The event's type, such as `finding.assigned`; [`TEST_TYPE`] for a test.
    pub event_type: &'static str,
    /// When it happened.
    pub at: Time,
    /// What happened, in two or three words: "Finding assigned".
    pub action: &'static str,
    /// The name of the record. Untrusted.
    pub subject_title: String,
    /// The headline, where that is not the record's name: "1 critical reopened in Web shop". Contains untrusted names.
    pub headline: Option<String>,
    /// What happened, as one sentence. Contains untrusted names.
    pub sentence: String,
    /// The severity, for events that have one.
    pub severity: Option<Severity>,
    /// The company's name. Untrusted.
    pub company: Option<String>,
    /// What else is worth knowing at a glance, in this order.
    pub facts: Vec<Fact>,
    /// A comment or an error, of several lines. Untrusted.
    pub note: Option<String>,
    /// The records of a message about several, each with its own page, in order of importance.
    pub entries: Vec<Entry>,
    /// How many more there are than the entries name.
    pub more: usize,
    /// Why its recipient gets it, as one sentence. Contains untrusted names.
    pub why: Option<String>,
    /// Where a recipient with an account can read the full reason: made of the public URL and ids only.
    pub why_url: Option<String>,
    /// Where to see it.
    pub link: Link,
    /// The record; none for a test.
    pub subject: Option<Subject>,
    /// The ids of records it is about: `finding_id`, `company_id`, …
    pub ids: Map<String, Value>,
    /// The event's own data, unchanged.
    pub attributes: Map<String, Value>,
}

/// A fact about the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its label, in our own words.
    pub label: &'static str,
    /// Its value. Untrusted.
    pub text: String,
}

/// One record of a message about several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its severity.
    pub severity: Option<Severity>,
    /// What happened to what: "New: SQL injection in login". Untrusted.
    pub title: String,
    /// Its details, where, and its deadline; may be empty. Untrusted.
    pub detail: String,
    /// Its page, made of the public URL and ids only.
    pub url: String,
}

impl Entry {
    /// The severity as people read it.
    pub fn severity_label(&self) -> Option<&'static str> {
        self.severity.map(severity_name)
    }

    /// The severity as a color that is seen at a glance, for chats.
    pub fn severity_mark(&self) -> Option<&'static str> {
        self.severity.map(mark)
    }
}

/// A link to our own console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The button's label, in our own words.
    pub label: &'static str,
    /// The whole URL, made of the public URL and ids only.
    pub url: String,
}

/// The event type of a test message.
pub const TEST_TYPE: &str = "campanile.test";

impl Message {
    /// What is read first after what happened: the headline, or the record's name.
    pub fn headline(&self) -> &str {
        self.headline.as_deref().unwrap_or(&self.subject_title)
    }

    /// One line for an inbox row: "Finding assigned: SQL injection in login".
    pub fn title(&self) -> String {
        text::line(&format!("{}: {}", self.action, self.headline()), TITLE_CHARS)
    }

    /// A few words below the title: where, what happened, and its details.
    pub fn body(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.severity_label().map(str::to_owned));
        parts.extend(self.company.clone());
        parts.extend(self.fact("Project").map(str::to_owned));
        let place = parts.join(" · ");
        let place = if place.is_empty() {
            place
        } else {
            format!("{place}. ")
        };
        let mut about = self.detail();
        // Where there is nothing else, as with an announcement, it is the note.
        if let Some(note) = self.note.as_deref().filter(|_| self.facts.is_empty()) {
            about = text::line(note, NOTE_CHARS);
        }
        if about.is_empty() {
            format!("{place}{}", self.sentence)
        } else {
            format!("{place}{} {about}", self.sentence)
        }
    }

    /// Its details on one line: "CVE-2021-44228 · log4j-core 2.14.1, fixed in 2.17.1 · pom.xml:12 · due 3 Dec 2026".
    pub fn detail(&self) -> String {
        let mut parts: Vec<String> = self.fact("Identifiers").map(str::to_owned).into_iter().collect();
        if let Some(component) = self.fact("Component") {
            parts.push(match self.fact("Fixed in") {
                Some(fixed) => format!("{component}, fixed in {fixed}"),
                None => component.to_owned(),
            });
        }
        parts.extend(self.fact("Location").map(str::to_owned));
        let due = self
            .fact("SLA deadline")
            .filter(|due| !self.sentence.contains(due));
        let word = if parts.is_empty() { "Due" } else { "due" };
        parts.extend(due.map(|due| format!("{word} {due}")));
        text::line(&parts.join(" · "), DETAIL_CHARS)
    }

    /// The data of an inbox row: the ids that a console uses for links (promise I2).
    pub const fn data(&self) -> &Map<String, Value> {
        &self.ids
    }

    /// The value of a fact.
    pub fn fact(&self, label: &str) -> Option<&str> {
        self.facts
            .iter()
            .find(|fact| fact.label == label)
            .map(|fact| fact.text.as_str())
    }

    /// How many records are not named where at most this many entries are shown: "and 412 more".
    pub(crate) fn more_than(&self, shown: usize) -> Option<String> {
        let more = self.more + self.entries.len().saturating_sub(shown);
        (more > 0).then(|| format!("and {more} more"))
    }

    /// The severity as people read it: "Critical".
    pub fn severity_label(&self) -> Option<&'static str> {
        self.severity.map(severity_name)
    }

    /// The severity as a color that is seen at a glance, for chats.
    pub fn severity_mark(&self) -> Option<&'static str> {
        self.severity.map(mark)
    }
}

/// A message that only shows that a destination works; on the same path as a real one.
pub fn test(id: Id, at: Time, public_url: &str) -> Message {
    Message {
        event_id: id,
        event_type: TEST_TYPE,
        at,
        action: "Test message",
        subject_title: "this destination works".to_owned(),
        headline: None,
        sentence: "An administrator sent this test from Campanile. No action is needed.".to_owned(),
        severity: None,
        company: None,
        facts: Vec::new(),
        note: None,
        entries: Vec::new(),
        more: 0,
        why: Some("You get this because an administrator tested this destination.".to_owned()),
        why_url: None,
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
    time.timestamp().strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// The severity as people read it.
pub const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
        Severity::Urgent => "Urgent",
    }
}

/// The severity as a color that is seen at a glance.
const fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "⚪",
        Severity::Low => "🔵",
        Severity::Medium => "🟡",
        Severity::High => "🟠",
        Severity::Critical => "🔴",
        Severity::Urgent => "🟣",
    }
}
