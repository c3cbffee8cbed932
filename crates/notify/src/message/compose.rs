//! Composes a message from one event.
//!
//! Owns: how much detail it contains. Must not: know a recipient or a channel.

use base::{Event, text};
use channels::message::{Message, TITLE_CHARS};

use super::{
    facts, link, minimal,
    texts::{ids, one_line},
    wording,
};

/// The longest text of several lines: a comment, an error.
const NOTE_CHARS: usize = 2000;

/// How much detail of an event a message contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All that is worth knowing.
    Full,
    /// Only the kind of event, the company, the severity, the time and the deadline: for a company that hides details
    /// in outgoing messages.
    Minimal,
}

/// The message about the event, with this much detail. `public_url` is the console's address, without a trailing slash.
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
        headline: words.headline.map(|headline| text::line(&headline, TITLE_CHARS)),
        sentence: words.sentence,
        severity: event.severity,
        company: one_line(event, "company_name"),
        facts: facts::of(event),
        note: ["comment", "error", "reason"]
            .iter()
            .find_map(|key| event.text(key))
            .map(|note| text::block(note, NOTE_CHARS))
            .filter(|note| !note.is_empty()),
        entries: Vec::new(),
        more: 0,
        why: None,
        why_url: None,
        link: link::of(event, public_url),
        subject: Some(event.subject),
        ids: ids(event),
        attributes: event.data.clone(),
    }
}

fn subject_title(event: &Event) -> String {
    let title = ["title", "name"]
        .iter()
        .find_map(|key| event.text(key))
        .map(|raw| text::line(raw, TITLE_CHARS))
        .filter(|title| !title.is_empty());
    title.unwrap_or_else(|| format!("{} {}", event.subject.kind.name(), event.subject.id))
}
