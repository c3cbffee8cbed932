//! One message about many events.

use std::fmt::Write as _;

use base::{Event, Id, Severity, Time, text};
use serde_json::Map;

use super::{Detail, Link, Message, compose};

/// How many events are listed.
const LINES: usize = 50;
/// The longest line, in characters.
const LINE: usize = 140;
/// The longest list, in characters: what Slack takes in one section, less the line above it.
const LIST: usize = 2_900;

/// The event type of a summary.
pub const SUMMARY_TYPE: &str = "campanile.summary";

/// Events that are told of in one message.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The worst, the worst first and the older first among equals.
    lines: Vec<(Option<Severity>, String)>,
    /// How many there are of each severity.
    counts: Vec<(Option<Severity>, usize)>,
    latest: Time,
}

impl Summary {
    /// One more, later than those before it, and how much of it is told.
    pub fn add(&mut self, event: &Event, detail: Detail) {
        let severity = event.severity;
        self.latest = self.latest.max(event.at);
        match self.counts.iter_mut().find(|(known, _)| *known == severity) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((severity, 1)),
        }
        let place = self.lines.partition_point(|(other, _)| *other >= severity);
        if place < LINES {
            self.lines.truncate(LINES - 1);
            self.lines.insert(place, (severity, line(event, detail)));
        }
    }

    /// How many events there are.
    pub fn count(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// What is said of them; `first` is the first of them.
    pub fn message(&self, first: Id, public_url: &str) -> Message {
        let count = self.count();
        Message {
            event_id: first,
            event_type: SUMMARY_TYPE,
            at: self.latest,
            action: "Summary",
            subject_title: format!("{count} notifications"),
            sentence: format!(
                "{count} things happened in a short time{}. They come in one message, the worst first.",
                self.severities()
            ),
            severity: self.counts.iter().filter_map(|(severity, _)| *severity).max(),
            company: None,
            facts: Vec::new(),
            note: Some(self.list()),
            link: Link {
                label: "Open inbox",
                url: format!("{}/inbox", public_url.trim_end_matches('/')),
            },
            subject: None,
            ids: Map::new(),
            attributes: Map::new(),
        }
    }

    /// `: 2 critical, 30 high`, if any has a severity.
    fn severities(&self) -> String {
        let mut counts: Vec<(Severity, usize)> = self
            .counts
            .iter()
            .filter_map(|(severity, count)| Some(((*severity)?, *count)))
            .collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let words: Vec<String> = counts
            .into_iter()
            .map(|(severity, count)| format!("{count} {}", severity.name()))
            .collect();
        if words.is_empty() {
            return String::new();
        }
        format!(": {}", words.join(", "))
    }

    fn list(&self) -> String {
        let mut room = LIST;
        let lines: Vec<&str> = self
            .lines
            .iter()
            .map(|(_, line)| line.as_str())
            .take_while(|line| {
                let chars = line.chars().count() + 1;
                let fits = chars <= room;
                room = room.saturating_sub(chars);
                fits
            })
            .collect();
        let mut list = String::new();
        if lines.len() < self.count() {
            // Writing to a string cannot fail. It stands first, so that no channel cuts it off.
            let _ = writeln!(list, "The {} worst of {}:", lines.len(), self.count());
        }
        list.push_str(&lines.join("\n"));
        list
    }
}

/// `[Critical] Finding assigned: SQL injection (Acme Bank)`.
fn line(event: &Event, detail: Detail) -> String {
    let message = compose(event, "", detail);
    let mut line = message
        .severity_label()
        .map(|severity| format!("[{severity}] "))
        .unwrap_or_default();
    let company = message
        .company
        .as_ref()
        .map(|company| format!(" ({})", text::cut(company, 40)))
        .unwrap_or_default();
    let room = LINE.saturating_sub(line.chars().count() + company.chars().count());
    line.push_str(&text::cut(&message.title(), room));
    line.push_str(&company);
    line
}

#[cfg(test)]
mod tests {
    use base::{Audience, Clock, Kind, Subject, SubjectType};

    use super::*;

    fn event(clock: &Clock, severity: Option<Severity>, title: &str) -> Event {
        let subject = Subject {
            kind: SubjectType::Finding,
            id: clock.id(),
        };
        let audience = Audience::Company(clock.id());
        let mut event = Event::new(clock, Kind::FindingAssigned, audience, subject);
        event.severity = severity;
        event.data.insert("title".into(), title.into());
        event.data.insert("company_name".into(), "Acme".into());
        event
    }

    fn summary(severities: impl IntoIterator<Item = Severity>) -> Message {
        let clock = Clock::system();
        let mut summary = Summary::default();
        for (n, severity) in severities.into_iter().enumerate() {
            summary.add(
                &event(&clock, Some(severity), &format!("Finding {n}")),
                Detail::Full,
            );
        }
        summary.message(clock.id(), "https://campanile.example/")
    }

    #[test]
    fn the_worst_stand_first_and_none_of_them_is_lost_among_many() {
        let many = std::iter::repeat_n(Severity::Low, 400);
        let message = summary(many.chain([Severity::Critical, Severity::High, Severity::Critical]));
        let note = message.note.unwrap();
        let lines: Vec<&str> = note.lines().take(5).collect();
        assert_eq!(
            lines,
            [
                "The 50 worst of 403:",
                "[Critical] Finding assigned: Finding 400 (Acme)",
                "[Critical] Finding assigned: Finding 402 (Acme)",
                "[High] Finding assigned: Finding 401 (Acme)",
                "[Low] Finding assigned: Finding 0 (Acme)",
            ]
        );
        assert_eq!(note.lines().count(), 51);
        assert_eq!(message.severity, Some(Severity::Critical));
        assert_eq!(
            message.sentence,
            "403 things happened in a short time: 2 critical, 1 high, 400 low. They come in one \
             message, the worst first."
        );
        assert_eq!(message.link.url, "https://campanile.example/inbox");
    }

    #[test]
    fn the_list_fits_into_one_section_however_long_the_titles_are() {
        let clock = Clock::system();
        let mut summary = Summary::default();
        for _ in 0..60 {
            summary.add(&event(&clock, None, &"long ".repeat(1_000)), Detail::Full);
        }
        let note = summary.message(clock.id(), "").note.unwrap();
        assert!(note.starts_with("The 20 worst of 60:\n"), "{note}");
        assert!(note.chars().count() < 3_000);
        assert!(note.lines().all(|line| line.chars().count() <= LINE));
    }
}
