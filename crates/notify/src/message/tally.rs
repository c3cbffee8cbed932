//! How many findings of each severity are new, reopened, more severe or closed.
//!
//! Owns: these counts and their text in a headline and a sentence. Must not: name a finding.

use std::{cmp::Reverse, collections::BTreeMap};

use base::{Event, Kind, Severity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most parts of a headline; the rest is a number.
const PARTS: usize = 3;

/// What happened to a finding, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was closed and is open again.
    Reopened,
    /// It is new.
    New,
    /// Its severity was raised.
    Worse,
    /// Something else.
    Other,
    /// It is closed.
    Closed,
}

impl Change {
    /// All changes.
    pub const ALL: [Self; 5] = [Self::Reopened, Self::New, Self::Worse, Self::Other, Self::Closed];

    /// What happened to the event's finding.
    pub fn of(event: &Event) -> Self {
        match event.kind {
            Kind::FindingCreated => Self::New,
            Kind::FindingReopened => Self::Reopened,
            Kind::FindingSeverityChanged if rose(event) => Self::Worse,
            Kind::FindingDeleted => Self::Closed,
            Kind::FindingStatusChanged if is_over(event) => Self::Closed,
            Kind::FindingStatusChanged if is(event, "from_status", "closed") => Self::Reopened,
            _ => Self::Other,
        }
    }

    /// The name in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reopened => "reopened",
            Self::New => "new",
            Self::Worse => "worse",
            Self::Other => "changed",
            Self::Closed => "closed",
        }
    }

    /// The change with this name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.name() == name)
    }

    /// Its text before a title.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Reopened => "Reopened",
            Self::New => "New",
            Self::Worse => "Severity raised",
            Self::Other => "Changed",
            Self::Closed => "Closed",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Worse => "raised in severity",
            other => other.name(),
        }
    }

    /// Whether someone may have to act on it.
    const fn matters(self) -> bool {
        matches!(self, Self::Reopened | Self::New | Self::Worse)
    }
}

fn rose(event: &Event) -> bool {
    let from = event
        .text("from_severity")
        .and_then(|raw| raw.parse::<Severity>().ok());
    from.is_some_and(|from| event.severity > Some(from))
}

/// Whether nobody has to act on it any more.
fn is_over(event: &Event) -> bool {
    is(event, "status", "closed") || event.data.get("done") == Some(&Value::Bool(true))
}

fn is(event: &Event, key: &str, value: &str) -> bool {
    event.text(key) == Some(value)
}

/// How many findings of a severity changed in this way.
pub type Count = (Change, Option<Severity>, u64);

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally(BTreeMap<(Reverse<Severity>, Change), u64>);

impl Tally {
    /// The counts in the data of the end of a scan, if present.
    pub(super) fn of_scan(event: &Event) -> Option<Self> {
        let counts = event.data.get("severities")?.as_object()?;
        let mut tally = Self::default();
        for (key, change) in [
            ("reopened", Change::Reopened),
            ("created", Change::New),
            ("worse", Change::Worse),
            ("closed", Change::Closed),
        ] {
            for (severity, count) in counts.get(key).and_then(Value::as_object).into_iter().flatten() {
                if let (Ok(severity), Some(count)) = (severity.parse(), count.as_u64()) {
                    tally.add(change, severity, count);
                }
            }
        }
        Some(tally)
    }

    /// The counts that have a severity.
    pub(super) fn of_counts(counts: &[Count]) -> Self {
        let mut tally = Self::default();
        for (change, severity, count) in counts {
            if let Some(severity) = severity {
                tally.add(*change, *severity, *count);
            }
        }
        tally
    }

    fn add(&mut self, change: Change, severity: Severity, count: u64) {
        if count > 0 {
            *self.0.entry((Reverse(severity), change)).or_default() += count;
        }
    }

    fn matters(&self) -> impl Iterator<Item = (Severity, Change, u64)> {
        let matters = self.0.iter().filter(|((_, change), _)| change.matters());
        matters.map(|((Reverse(severity), change), count)| (*severity, *change, *count))
    }

    fn sum(&self, of: Change) -> u64 {
        let counts = self.0.iter().filter(|((_, change), _)| *change == of);
        counts.map(|(_, count)| count).sum()
    }

    /// The highest severity of what matters.
    #[cfg(test)]
    fn worst(&self) -> Option<Severity> {
        self.matters().map(|(severity, ..)| severity).next()
    }

    /// "1 critical reopened, 2 high new in Web shop", most severe first; "nothing new in Web shop".
    pub(super) fn headline(&self, place: Option<&str>) -> String {
        let mut parts: Vec<String> = self
            .matters()
            .take(PARTS)
            .map(|(severity, change, count)| match change {
                Change::Worse => format!("{count} raised to {severity}"),
                _ => format!("{count} {severity} {}", change.word()),
            })
            .collect();
        let rest: u64 = self.matters().skip(PARTS).map(|(.., count)| count).sum();
        if parts.is_empty() {
            parts.push("nothing new".to_owned());
            let closed = self.sum(Change::Closed);
            if closed > 0 {
                parts.push(format!("{closed} closed"));
            }
        }
        let place = place.map_or_else(String::new, |place| format!(" in {place}"));
        let more = if rest > 0 {
            format!(" and {rest} more")
        } else {
            String::new()
        };
        format!("{}{more}{place}", parts.join(", "))
    }

    /// "3 new (1 critical, 2 high), 2 closed (2 low)"; empty if nothing changed.
    pub(super) fn sentence(&self) -> String {
        let all = [
            Change::Reopened,
            Change::New,
            Change::Worse,
            Change::Other,
            Change::Closed,
        ];
        let parts: Vec<String> = all
            .into_iter()
            .filter(|change| self.sum(*change) > 0)
            .map(|change| {
                format!(
                    "{} {} ({})",
                    self.sum(change),
                    change.word(),
                    self.of_change(change)
                )
            })
            .collect();
        parts.join(", ")
    }

    /// "1 critical, 2 high", whatever happened to them.
    pub(super) fn severities(&self) -> String {
        joined(
            self.0
                .iter()
                .map(|((Reverse(severity), _), count)| (*severity, *count)),
        )
    }

    fn of_change(&self, of: Change) -> String {
        let counts = self.0.iter().filter(|((_, change), _)| *change == of);
        joined(counts.map(|((Reverse(severity), _), count)| (*severity, *count)))
    }
}

/// "1 critical, 2 high", the counts of one severity as one.
fn joined(counts: impl Iterator<Item = (Severity, u64)>) -> String {
    let mut sums: BTreeMap<Reverse<Severity>, u64> = BTreeMap::new();
    for (severity, count) in counts {
        *sums.entry(Reverse(severity)).or_default() += count;
    }
    let parts: Vec<String> = sums
        .into_iter()
        .map(|(Reverse(severity), count)| format!("{count} {severity}"))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use Severity::{Critical, High, Low, Medium};

    use super::*;

    fn tally(counts: &[(Change, Severity, u64)]) -> Tally {
        let mut tally = Tally::default();
        for (change, severity, count) in counts {
            tally.add(*change, *severity, *count);
        }
        tally
    }

    // promise: C8
    #[test]
    fn a_headline_says_what_matters_most_severe_first() {
        let all = tally(&[
            (Change::Closed, Critical, 9),
            (Change::New, High, 2),
            (Change::Reopened, Critical, 1),
        ]);
        assert_eq!(
            all.headline(Some("Web shop")),
            "1 critical reopened, 2 high new in Web shop"
        );
        assert_eq!(all.worst(), Some(Critical));
        assert_eq!(
            all.sentence(),
            "1 reopened (1 critical), 2 new (2 high), 9 closed (9 critical)"
        );
        let many = tally(&[
            (Change::New, Critical, 1),
            (Change::New, High, 2),
            (Change::Worse, High, 3),
            (Change::New, Medium, 4),
            (Change::Reopened, Low, 5),
        ]);
        assert_eq!(
            many.headline(None),
            "1 critical new, 2 high new, 3 raised to high and 9 more"
        );
    }

    #[test]
    fn a_headline_without_news_says_so() {
        assert_eq!(tally(&[]).headline(Some("Web shop")), "nothing new in Web shop");
        let closed = tally(&[(Change::Closed, Low, 2)]);
        assert_eq!(
            closed.headline(Some("Web shop")),
            "nothing new, 2 closed in Web shop"
        );
        assert_eq!(closed.worst(), None);
        assert_eq!(tally(&[]).sentence(), "");
    }
}
