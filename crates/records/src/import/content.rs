//! The content of the last scan report about a finding, so that only what is different in a new one is adopted.
//!
//! Owns: the column `said` of `finding_evidence`. Must not: change a finding.
//!
//! A user may lower a severity or edit a title. If the next scan report has the same content as the last one, this is
//! not undone; only different content is new.

use formats::{Details, Found};
use sha2::{Digest, Sha256};

use crate::findings::{Change, Finding};

/// How many hexadecimal digits one field's hash takes.
const DIGITS: usize = 16;

/// A hash for each field of a finding, in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content(pub(super) String);

/// The fields, in the order of the text.
#[derive(Debug, Clone, Copy)]
enum Field {
    Title,
    Description,
    Severity,
    Location,
    Rule,
    Cwe,
    Details,
    Rest,
}

impl Content {
    /// The content of this scan report.
    pub(super) fn of(found: &Found) -> Self {
        let (core, rest) = halves(&found.details);
        let fields = [
            found.title.as_str(),
            &found.description,
            found.severity.name(),
            found.location().unwrap_or_default(),
            found.rule_id.as_deref().unwrap_or_default(),
            found.cwe().unwrap_or_default(),
            &core,
            &rest,
        ];
        Self(fields.map(hash).concat())
    }

    fn part(&self, field: Field) -> Option<&str> {
        let at = field as usize * DIGITS;
        self.0.get(at..at + DIGITS)
    }

    /// What a scan report with this content changes about a finding whose last content was `before`; without that,
    /// everything is new.
    pub(super) fn changes(&self, before: Option<&Self>, found: &Found) -> Change {
        let differs = |field| before.is_none_or(|before| before.part(field) != self.part(field));
        let details = differs(Field::Details) || differs(Field::Rest);
        Change {
            title: differs(Field::Title).then(|| found.title.clone()),
            description: differs(Field::Description).then(|| found.description.clone()),
            severity: differs(Field::Severity).then_some(found.severity),
            location: differs(Field::Location).then(|| text(found.location())),
            rule_id: differs(Field::Rule).then(|| text(found.rule_id.as_deref())),
            cwe: differs(Field::Cwe).then(|| text(found.cwe())),
            details: details.then(|| found.details.clone()),
            ..Change::default()
        }
    }

    /// What is kept for a finding that adopts only its location: the previous content, and for details that changed in
    /// the meantime a mark that no scan report can have.
    pub(super) fn under_verdict(&self, before: &Self) -> Self {
        let fields = [
            (Field::Title, before),
            (Field::Description, before),
            (Field::Severity, before),
            (Field::Location, self),
            (Field::Rule, before),
            (Field::Cwe, before),
        ];
        let words = fields.map(|(field, from)| from.part(field).unwrap_or_default().to_owned());
        let details = [Field::Details, Field::Rest].map(|field| {
            match (self.part(field).unwrap_or_default(), before.part(field)) {
                (part, Some(before)) if part == before => part.to_owned(),
                (part, _) => hash(&format!("under a verdict {part}")),
            }
        });
        Self(words.concat() + &details.concat())
    }

    /// What the first scan report that matches a finding of an earlier version changes without an event: the texts that
    /// nobody has edited since, as this version writes them, and the details.
    pub(super) fn adopted(&self, before: Option<&Self>, finding: &Finding, found: &Found) -> Change {
        let untouched = |field, value: &str| {
            let last = before.and_then(|before| before.part(field));
            last.is_none_or(|last| last == hash(value)) && last != self.part(field)
        };
        Change {
            title: untouched(Field::Title, &finding.title).then(|| found.title.clone()),
            description: untouched(Field::Description, &finding.description)
                .then(|| found.description.clone()),
            location: untouched(Field::Location, &finding.location).then(|| text(found.location())),
            rule_id: untouched(Field::Rule, &finding.rule_id).then(|| text(found.rule_id.as_deref())),
            cwe: untouched(Field::Cwe, &finding.cwe).then(|| text(found.cwe())),
            details: Some(found.details.clone()),
            ..Change::default()
        }
    }

    /// The severity, if the scan report has another one than before.
    pub(super) fn severity(&self, before: Option<&Self>, found: &Found) -> Change {
        let differs = before.is_some_and(|before| before.part(Field::Severity) != self.part(Field::Severity));
        Change {
            severity: differs.then_some(found.severity),
            ..Change::default()
        }
    }
}

fn hash(field: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(field).into();
    let [start, ..] = digest.as_chunks::<8>().0 else {
        return String::new();
    };
    format!("{:016x}", u64::from_be_bytes(*start))
}

/// The details that people are notified about, and those that change without an event.
fn halves(details: &Details) -> (String, String) {
    let mut core = details.clone();
    let rest = Details {
        references: std::mem::take(&mut core.references),
        snippet: std::mem::take(&mut core.snippet),
        statement: std::mem::take(&mut core.statement),
        ..Details::default()
    };
    core.found_at = None;
    let json = |details: &Details| serde_json::to_string(details).unwrap_or_default();
    (json(&core), json(&rest))
}

/// The text, or an empty one.
pub(super) fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base::Severity;

    use super::*;

    #[test]
    fn only_different_content_is_new() {
        let found = Found {
            identity: formats::Identity::default(),
            path: String::new(),
            old: formats::Old::default(),
            title: "t".to_owned(),
            description: "d".to_owned(),
            severity: Severity::High,
            rule_id: None,
            details: Details {
                locations: vec!["a:1".to_owned()],
                ..Details::default()
            },
            spots: Vec::new(),
        };
        let content = Content::of(&found);
        assert_eq!(content.changes(Some(&content), &found), Change::default());
        let mut moved = found.clone();
        moved.details.locations = vec!["a:2".to_owned()];
        moved.severity = Severity::Low;
        let changes = Content::of(&moved).changes(Some(&content), &moved);
        let expected = Change {
            location: Some("a:2".to_owned()),
            severity: Some(Severity::Low),
            details: Some(moved.details.clone()),
            ..Change::default()
        };
        assert_eq!(changes, expected);
        let all = content.changes(None, &found);
        assert!(
            all.title.is_some() && all.cwe.is_some() && all.sla_due_at.is_none() && all.project.is_none()
        );
    }
}
