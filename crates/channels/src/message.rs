//! What a message says, before any channel gives it a shape: one wording for the inbox and all channels.
//!
//! Owns: [`Message`]. Its texts from outside are cleaned (one line, a length), but not escaped: every channel escapes
//! for itself.
//! Must not: know a recipient or a channel, or what made the message.

use base::{Id, Severity, Subject, Time, text};
use serde_json::{Map, Value};

/// The longest title of a message, in characters.
pub const TITLE_CHARS: usize = 300;
/// The longest text that was said, in the body of a row.
const NOTE_CHARS: usize = 2000;
/// The longest line of what a record is about.
const DETAIL_CHARS: usize = 300;

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
    /// What matters, where that is not the record's name: "1 critical reopened in Web shop". Holds names from outside.
    pub headline: Option<String>,
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
    /// The records of a message about several, each with its own page, in the order in which they matter.
    pub entries: Vec<Entry>,
    /// How many more there are than the entries name.
    pub more: usize,
    /// Why its recipient gets it, as one sentence. Holds names from outside.
    pub why: Option<String>,
    /// Where a recipient with an account reads all of why they get it: made of the public URL and ids only.
    pub why_url: Option<String>,
    /// Where it can be seen.
    pub link: Link,
    /// The record; none for a test.
    pub subject: Option<Subject>,
    /// The ids of records it is about: `finding_id`, `company_id`, …
    pub ids: Map<String, Value>,
    /// The event's own data, as it is.
    pub attributes: Map<String, Value>,
}

/// One thing worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is, in our words.
    pub label: &'static str,
    /// Its value. From outside.
    pub text: String,
}

/// One record of a message about several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How bad.
    pub severity: Option<Severity>,
    /// What happened to what: "New: SQL injection in login". From outside.
    pub title: String,
    /// What it is about, where, and until when; may be empty. From outside.
    pub detail: String,
    /// Its page, made of the public URL and ids only.
    pub url: String,
}

impl Entry {
    /// The severity as people read it.
    pub fn severity_label(&self) -> Option<&'static str> {
        self.severity.map(severity_name)
    }

    /// The severity as a colour that is seen at a glance, for chats.
    pub fn severity_mark(&self) -> Option<&'static str> {
        self.severity.map(mark)
    }
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
    /// What is read first beside what happened: what matters, or the record's name.
    pub fn headline(&self) -> &str {
        self.headline.as_deref().unwrap_or(&self.subject_title)
    }

    /// One line for an inbox row: "Finding assigned: SQL injection in login".
    pub fn title(&self) -> String {
        text::line(&format!("{}: {}", self.action, self.headline()), TITLE_CHARS)
    }

    /// A few words below the title: where, what happened, and what it is about.
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
        // Where there is nothing else to know, as of an announcement, it is what was said.
        if let Some(note) = self.note.as_deref().filter(|_| self.facts.is_empty()) {
            about = text::line(note, NOTE_CHARS);
        }
        if about.is_empty() {
            format!("{place}{}", self.sentence)
        } else {
            format!("{place}{} {about}", self.sentence)
        }
    }

    /// What it is about on one line: "CVE-2021-44228 · log4j-core 2.14.1, fixed in 2.17.1 · pom.xml:12 · due 3 Dec 2026".
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

    /// How many records are not named where at most so many entries are shown: "and 412 more".
    pub(crate) fn more_than(&self, shown: usize) -> Option<String> {
        let more = self.more + self.entries.len().saturating_sub(shown);
        (more > 0).then(|| format!("and {more} more"))
    }

    /// The severity as people read it: "Critical".
    pub fn severity_label(&self) -> Option<&'static str> {
        self.severity.map(severity_name)
    }

    /// The severity as a colour that is seen at a glance, for chats.
    pub fn severity_mark(&self) -> Option<&'static str> {
        self.severity.map(mark)
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

/// The severity as a colour that is seen at a glance.
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
