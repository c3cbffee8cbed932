//! One message about many events.

use base::{Event, Id, Severity, Time, text};
use serde_json::Map;

use channels::message::{Entry, Link, Message};

use super::{
    compose::{Detail, compose},
    listing::Listing,
};

/// The event type of a summary.
pub const SUMMARY_TYPE: &str = "campanile.summary";

/// Events that one message is about.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    listing: Listing,
    /// How many there are of each severity.
    counts: Vec<(Option<Severity>, usize)>,
    latest: Time,
}

impl Summary {
    /// Adds one that is later than the previous ones, with this much detail.
    pub fn add(&mut self, event: &Event, detail: Detail) {
        let severity = event.severity;
        self.latest = self.latest.max(event.at);
        match self.counts.iter_mut().find(|(known, _)| *known == severity) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((severity, 1)),
        }
        self.listing.add(false, severity, || entry(event, detail));
    }

    /// How many events there are.
    pub const fn count(&self) -> usize {
        self.listing.count
    }

    /// The message about them; `first` is the first of them.
    pub fn message(&self, first: Id, public_url: &str) -> Message {
        let count = self.count();
        let (entries, more) = self.listing.finish(public_url);
        Message {
            event_id: first,
            event_type: SUMMARY_TYPE,
            at: self.latest,
            action: "Summary",
            subject_title: format!("{count} notifications"),
            headline: None,
            sentence: format!("{count} notifications in a short time{}.", self.severities()),
            severity: self.counts.iter().filter_map(|(severity, _)| *severity).max(),
            company: None,
            facts: Vec::new(),
            note: None,
            entries,
            more,
            why: None,
            why_url: None,
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
}

/// `Finding assigned: SQL injection`, its company, and its details.
fn entry(event: &Event, detail: Detail) -> Entry {
    let message = compose(event, "", detail);
    let company = message.company.as_ref().map(|company| text::cut(company, 40));
    let about = Some(message.detail()).filter(|about| !about.is_empty());
    Entry {
        severity: event.severity,
        title: message.title(),
        detail: [company, about]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
        url: message.link.url,
    }
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

    // promise: C8
    #[test]
    fn the_most_severe_come_first_and_none_of_them_is_lost_among_many() {
        let many = std::iter::repeat_n(Severity::Low, 400);
        let message = summary(many.chain([Severity::Critical, Severity::High, Severity::Critical]));
        let titles: Vec<&str> = message
            .entries
            .iter()
            .take(4)
            .map(|entry| entry.title.as_str())
            .collect();
        assert_eq!(
            titles,
            [
                "Finding assigned: Finding 400",
                "Finding assigned: Finding 402",
                "Finding assigned: Finding 401",
                "Finding assigned: Finding 0",
            ]
        );
        assert_eq!((message.entries.len(), message.more), (50, 353));
        assert_eq!(message.severity, Some(Severity::Critical));
        assert_eq!(
            message.sentence,
            "403 notifications in a short time: 2 critical, 1 high, 400 low."
        );
        assert_eq!(message.link.url, "https://campanile.example/inbox");
        let entry = &message.entries[0];
        assert_eq!(entry.detail, "Acme");
        assert!(
            entry.url.starts_with("https://campanile.example/findings/"),
            "{}",
            entry.url
        );
    }
}
