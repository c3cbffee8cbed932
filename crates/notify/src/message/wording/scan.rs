//! The words about a scan.

use base::Event;

use super::sentence::{Words, changed, done};
use crate::message::{tally::Tally, texts::one_line};

/// The end of a scan: its headline shows what matters among what it found.
pub(super) fn completed(event: &Event) -> Words {
    const ACTION: &str = "Scan completed";
    let Some(tally) = Tally::of_scan(event) else {
        return Words::new(ACTION, "The scan is complete and its findings are available.");
    };
    let place = one_line(event, "project_name").or_else(|| one_line(event, "company_name"));
    let counts = match tally.sentence() {
        empty if empty.is_empty() => "No findings changed.".to_owned(),
        counts => format!("Findings: {counts}."),
    };
    Words {
        headline: Some(tally.headline(place.as_deref())),
        ..Words::new(ACTION, counts)
    }
}

pub(super) fn updated(event: &Event) -> Words {
    if event.data.contains_key("undone") {
        return done(
            event,
            "Import undone",
            "undid the import of this scan",
            "The import of this scan was undone.",
        );
    }
    changed(event, "Scan updated", "scan", false)
}
