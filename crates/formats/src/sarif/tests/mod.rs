//! The reader on real, generated and hostile scan reports.

mod hostile;
mod identity;
mod meaning;
mod packages;
mod samples;
mod scope;

use std::io::Cursor;

use super::*;
use crate::{Error, Found, Outcome, Refusal, Skip, Surveyed};

/// Reads a whole scan report: its results in order.
fn read(text: impl AsRef<[u8]>) -> Result<(Report, Vec<(String, Outcome)>), Refusal> {
    let mut file = Cursor::new(text.as_ref());
    let refused = |error| match error {
        Error::Refused(refusal) => refusal,
        Error::Io(error) => panic!("{error}"),
    };
    let report = Report::check(&mut file).map_err(refused)?;
    let root = report.paths().root("", &std::collections::BTreeSet::new());
    let mut outcomes = Vec::new();
    let mut each = |place: &dyn std::fmt::Display, outcome| {
        outcomes.push((place.to_string(), outcome));
        true
    };
    report.each(&mut file, &root.path, &mut each).map_err(refused)?;
    assert_eq!(
        outcomes.len(),
        report.entries() as usize,
        "every result has an outcome"
    );
    Ok((report, outcomes))
}

/// The findings of a scan report.
fn found(text: impl AsRef<[u8]>) -> Vec<Found> {
    let (_, outcomes) = read(text).unwrap();
    let found = |(_, outcome)| match outcome {
        Outcome::Found(_, found) => Some(*found),
        Outcome::Skipped(_) => None,
    };
    outcomes.into_iter().filter_map(found).collect()
}

/// What was skipped in a scan report, and why.
fn skipped(text: impl AsRef<[u8]>) -> Vec<(String, String)> {
    let (_, outcomes) = read(text).unwrap();
    let skipped = |(place, outcome)| match outcome {
        Outcome::Found(..) => None,
        Outcome::Skipped(skip) => Some((place, skip.reason)),
    };
    outcomes.into_iter().filter_map(skipped).collect()
}

/// What the runs of a scan report cover: tool, target, and why it is incomplete.
fn covered(text: impl AsRef<[u8]>) -> Vec<(String, String, Vec<String>)> {
    let (report, _) = read(text).unwrap();
    let coverage = report.coverage().iter().cloned();
    coverage
        .map(|one| (one.tool, one.target, one.not_whole))
        .collect()
}

/// A sample of `tests/samples`.
fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A scan report of one run of the tool `T` with these rules and results.
fn report(rules: &str, results: &str) -> String {
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T","rules":[{rules}]}}}},"results":[{results}]}}]}}"#
    )
}

/// A scan report of one result.
fn one(rule: &str, result: &str) -> Found {
    let mut found = found(report(rule, result));
    assert_eq!(found.len(), 1);
    found.remove(0)
}
