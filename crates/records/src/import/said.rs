//! What the last report said of a finding, so that only what a new report says differently is taken over.
//!
//! Owns: the table `finding_reports`. Must not: change a finding.
//!
//! A person may lower a severity or reword a title. The next report says again what it said before, and that is no
//! reason to undo it; what it says differently is news.

use std::collections::BTreeMap;

use base::Id;
use sha2::{Digest, Sha256};
use store::{Error, Select, Tx, Value};

use formats::Found;

use crate::findings::Change;

/// How many hexadecimal digits stand for a field.
const DIGITS: usize = 16;

/// A hash for each field of a finding, in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said(String);

impl Said {
    /// What this report says.
    pub(super) fn of(found: &Found) -> Self {
        let fields = [
            found.title.as_str(),
            &found.description,
            found.severity.name(),
            text(found.location.as_ref()),
            text(found.rule_id.as_ref()),
            text(found.cwe.as_ref()),
        ];
        let hash = |field: &str| {
            let digest: [u8; 32] = Sha256::digest(field).into();
            let [start, ..] = digest.as_chunks::<8>().0 else {
                return String::new();
            };
            format!("{:016x}", u64::from_be_bytes(*start))
        };
        Self(fields.map(hash).concat())
    }

    /// What a report that says this changes about a finding of which `before` was said last; without that, all of
    /// it is news.
    pub(super) fn news(&self, before: Option<&Self>, found: &Found) -> Change {
        let mut differs = (0..).map(|field| {
            let part = |said: &Self| {
                said.0
                    .get(field * DIGITS..(field + 1) * DIGITS)
                    .map(str::to_owned)
            };
            before.is_none_or(|before| part(before) != part(self))
        });
        // In the order of `of`.
        let mut next = || differs.next().unwrap_or(true);
        Change {
            title: next().then(|| found.title.clone()),
            description: next().then(|| found.description.clone()),
            severity: next().then_some(found.severity),
            location: next().then(|| text(found.location.as_ref()).to_owned()),
            rule_id: next().then(|| text(found.rule_id.as_ref()).to_owned()),
            cwe: next().then(|| text(found.cwe.as_ref()).to_owned()),
            ..Change::default()
        }
    }
}

/// The text, or that of none.
pub(super) fn text(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

const LAST: &str = "select finding_id, said from finding_reports where 1 = 1";

/// What was said last of these findings.
pub(super) fn last(tx: &mut Tx<'_>, findings: &[Id]) -> Result<BTreeMap<Id, Said>, Error> {
    if findings.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Id, String)> = Select::new(LAST)
        .within("finding_id", findings.iter().copied())
        .all(tx)?;
    Ok(rows
        .into_iter()
        .map(|(finding, said)| (finding, Said(said)))
        .collect())
}

/// How many rows one statement writes.
const ROWS: usize = 250;

/// Notes what was said of these findings, each of them once.
pub(super) fn note(tx: &mut Tx<'_>, said: Vec<(Id, Said)>) -> Result<(), Error> {
    let mut said = said.into_iter().peekable();
    while said.peek().is_some() {
        let rows: Vec<_> = said.by_ref().take(ROWS).collect();
        let places: Vec<_> = (0..rows.len())
            .map(|row| format!("(${}, ${})", row * 2 + 1, row * 2 + 2))
            .collect();
        let sql = format!(
            "insert into finding_reports (finding_id, said) values {} \
             on conflict (finding_id) do update set said = excluded.said",
            places.join(", ")
        );
        let values: Vec<Value> = rows
            .into_iter()
            .flat_map(|(finding, Said(said))| [Value::from(finding), Value::from(said)])
            .collect();
        tx.execute(&sql, &values)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use base::Severity;

    use super::*;

    #[test]
    fn only_what_is_said_differently_is_news() {
        let found = Found {
            fingerprint: String::new(),
            title: "t".to_owned(),
            description: "d".to_owned(),
            severity: Severity::High,
            location: Some("a:1".to_owned()),
            rule_id: None,
            cwe: None,
        };
        let said = Said::of(&found);
        assert_eq!(said.news(Some(&said), &found), Change::default());
        let moved = Found {
            location: Some("a:2".to_owned()),
            severity: Severity::Low,
            ..found.clone()
        };
        let news = Said::of(&moved).news(Some(&said), &moved);
        let expected = Change {
            location: Some("a:2".to_owned()),
            severity: Some(Severity::Low),
            ..Change::default()
        };
        assert_eq!(news, expected);
        let all = said.news(None, &found);
        assert!(
            all.title.is_some() && all.cwe.is_some() && all.sla_due_at.is_none() && all.project.is_none()
        );
    }
}
