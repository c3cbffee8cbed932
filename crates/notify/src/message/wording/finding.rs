//! The words about a finding: changed by a person, by an import, or together with others.

use base::{Event, Severity};
use serde_json::Value;

use super::sentence::{Words, changed, done};
use crate::message::{plain, tally::Change, texts::one_line};

/// Whether it came from an import, not from a person.
pub(super) fn is_imported(event: &Event) -> bool {
    event.bundle.is_some() && event.data.get("many") != Some(&Value::Bool(true))
}

pub(super) fn created(event: &Event) -> Words {
    let mut words = if is_imported(event) {
        Words::new("New finding", "A scan report contains this new finding.")
    } else {
        done(event, "New finding", "added this finding", "A finding was added.")
    };
    words.sentence.push_str(&by_rule(event));
    words
}

/// A closed finding is open again.
pub(super) fn reopened(event: &Event) -> Words {
    let mut words = if is_imported(event) {
        Words::new(
            "Finding reopened",
            "A scan report contains this finding again, so it was reopened.",
        )
    } else {
        done(
            event,
            "Finding reopened",
            "reopened this finding",
            "This finding was reopened.",
        )
    };
    words.sentence.push_str(&by_rule(event));
    words
}

/// " It was assigned by ownership rule 2 (path src/**)."
fn by_rule(event: &Event) -> String {
    one_line(event, "assigned_by_rule")
        .map(|rule| format!(" It was assigned by ownership rule {rule}."))
        .unwrap_or_default()
}

/// The number of findings, if the event is about several.
fn many(event: &Event) -> Option<u64> {
    event.data.get("count")?.as_u64().filter(|count| *count > 1)
}

pub(super) fn assigned(event: &Event) -> Words {
    let Some(count) = many(event) else {
        return done(
            event,
            "Finding assigned",
            "assigned this finding",
            "This finding was assigned.",
        );
    };
    let sentence = match one_line(event, "actor_name") {
        Some(actor) => format!("{actor} assigned {count} findings; this is the most severe."),
        None => format!("{count} findings were assigned; this is the most severe."),
    };
    Words::new("Findings assigned", sentence)
}

pub(super) fn status_changed(event: &Event) -> Words {
    if Change::of(event) == Change::Reopened && many(event).is_none() {
        return reopened(event);
    }
    let (from, to) = (plain::named(event, "from_status"), plain::named(event, "status"));
    let actor = one_line(event, "actor_name");
    if let (Some(count), Some(to)) = (many(event), &to) {
        // They may have come from different statuses.
        let sentence = match actor {
            Some(actor) => format!("{actor} changed {count} findings to {to}; this is the most severe."),
            None => format!("{count} findings changed to {to}; this is the most severe."),
        };
        return Words::new("Statuses changed", sentence);
    }
    if is_imported(event) && event.text("status") == Some("closed") {
        return Words::new(
            "Finding closed",
            "The latest scan report no longer contains this finding, so it was closed.",
        );
    }
    let change = match (from, to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (None, Some(to)) => format!(" to {to}"),
        _ => String::new(),
    };
    let sentence = match actor {
        Some(actor) => format!("{actor} changed the status{change}."),
        None => format!("The status changed{change}."),
    };
    Words::new("Status changed", sentence)
}

/// The severity was raised or lowered.
pub(super) fn severity_changed(event: &Event) -> Words {
    let to = event.severity;
    let from: Option<Severity> = event.text("from_severity").and_then(|raw| raw.parse().ok());
    let action = match (from, to) {
        (Some(from), Some(to)) if from < to => "Severity raised",
        (Some(from), Some(to)) if from > to => "Severity lowered",
        _ => "Severity changed",
    };
    let change = match (from, to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (None, Some(to)) => format!(" to {to}"),
        _ => String::new(),
    };
    let sentence = match one_line(event, "actor_name").filter(|_| !is_imported(event)) {
        Some(actor) => format!("{actor} changed the severity{change}."),
        None => format!("The severity changed{change}."),
    };
    Words::new(action, sentence)
}

pub(super) fn updated(event: &Event) -> Words {
    changed(event, "Finding updated", "finding", is_imported(event))
}

/// How an escalated warning begins: whether it reached anyone.
pub(super) fn escalated(event: &Event) -> &'static str {
    match event.text("unread_reason") {
        Some("nobody_read") | None => "Nobody has read the SLA warning: this finding is due",
        Some(_) => "The SLA warning reached nobody: this finding is due",
    }
}

/// Nobody has read what happened to a finding, or nobody was notified of it.
pub(super) fn unread(event: &Event) -> Words {
    let what = match event.text("unread_event_type") {
        Some("finding.created") => "of this new finding",
        Some("finding.assigned") => "of the assignment of this finding",
        Some("finding.reopened") => "that this finding was reopened",
        Some("finding.severity_changed") => "that the severity of this finding was raised",
        Some("sla.breached") => "that this finding is overdue",
        Some("retest.due") => "that this finding is due for retest",
        _ => "of this finding",
    };
    let count = |key: &str| event.data.get(key).and_then(Value::as_u64).unwrap_or_default();
    let (people, destinations) = (count("unread_people"), count("unread_destinations"));
    let sentence = match event.text("unread_reason") {
        Some("nobody_responsible") => format!("Nobody was notified {what}: nobody is responsible for it."),
        Some("no_rule") => format!("Nobody was notified {what}: no notification rule applies."),
        Some("opted_out") => {
            format!("Nobody was notified {what}: everyone responsible has opted out.")
        }
        Some("nobody_notified") => {
            format!("Nobody was notified {what}: nobody responsible could be notified.")
        }
        Some("destinations_failed") if people + destinations == 1 => {
            format!("Nobody was notified {what}: its only destination failed.")
        }
        Some("destinations_failed") => {
            format!("Nobody was notified {what}: all of its destinations failed.")
        }
        Some("nobody_read") => notified(what, people, destinations),
        _ => "Nobody has read about this finding.".to_owned(),
    };
    Words::new("Finding unread", sentence)
}

/// "4 people and 1 channel were notified of this new finding, but nobody has read it."
fn notified(what: &str, people: u64, destinations: u64) -> String {
    let some = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let who: Vec<String> = [
        some(people, "person", "people"),
        some(destinations, "channel", "channels"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let were = if people + destinations == 1 { "was" } else { "were" };
    format!(
        "{} {were} notified {what}, but nobody has read it.",
        plain::list(&who)
    )
}
