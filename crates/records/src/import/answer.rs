//! The response of an import.
//!
//! Owns: the response, which is also stored with an idempotency key. Must not: change anything.

use std::collections::BTreeMap;

use base::{Id, Severity};
use serde::Serialize;

use super::{prepare::Prepared, tally::Tally};
use crate::scans::{self, Counts, Scan, Severities};

/// Maximum number of skipped results named in a response; the count includes all.
pub const MAX_SKIPPED: usize = 1_000;

/// A result that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SkippedResult)]
pub struct Skipped {
    /// Its place in the scan report, such as `runs[0].results[3]`.
    pub r#where: String,
    /// Why it was not imported.
    pub reason: String,
}

/// What an import did, or would do.
pub(super) struct Done {
    pub(super) prepared: Prepared,
    pub(super) format: &'static str,
    pub(super) note: Option<&'static str>,
    pub(super) counts: Counts,
    pub(super) tally: Tally,
    pub(super) skipped: Vec<Skipped>,
    /// For a preview, the first findings that would be closed.
    pub(super) closing: Vec<(Id, String)>,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Imported {
    /// The recorded scan; null for a preview.
    scan: Option<scans::View>,
    /// The format of the scan report: a name of `GET /import-formats`.
    format: &'static str,
    /// The tools that wrote it, the first 100.
    tools: Vec<String>,
    /// A short description of what the scan report covers; empty for the whole project.
    target: String,
    /// Whether the scan report contains everything the tool would find; otherwise it closes nothing.
    whole: bool,
    /// Why it does not, and other notes about it.
    not_whole: Vec<String>,
    /// The counts of the entries: `read = created + updated + unchanged + skipped`. `reopened` are included in the
    /// updated; `closed` are findings that the scan report no longer contains.
    counts: Counts,
    /// The same by severity.
    severities: Severities,
    /// Open findings of the scan report's targets afterwards, by severity.
    open: BTreeMap<Severity, u64>,
    /// The entries that were not imported, at most the first 1,000.
    skipped: Vec<Skipped>,
    /// How many more were skipped.
    skipped_more: u64,
    /// In a preview, the first 100 findings that would be closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    closing: Vec<Closing>,
}

/// A finding that would be closed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Closing {
    /// Its id.
    id: Id,
    /// Its title.
    title: String,
}

impl Imported {
    /// The response: what was done for a scan, else what would be done. `open` are the currently open findings of the
    /// targets.
    pub(super) fn of(done: &Done, scan: Option<Scan>, open: BTreeMap<Severity, u64>) -> Self {
        let mut not_whole = done.prepared.not_whole.clone();
        not_whole.extend(done.note.map(ToOwned::to_owned));
        let closing = |(id, title): &(Id, String)| Closing {
            id: *id,
            title: title.clone(),
        };
        Self {
            format: done.format,
            tools: done.prepared.tools.clone(),
            target: done.prepared.target(),
            whole: done.prepared.whole,
            not_whole,
            open: if scan.is_none() {
                afterwards(open, done)
            } else {
                open
            },
            scan: scan.map(Into::into),
            counts: done.counts,
            severities: done.tally.severities.clone(),
            skipped_more: done.counts.skipped.saturating_sub(done.skipped.len() as u64),
            skipped: done.skipped.clone(),
            closing: done.closing.iter().map(closing).collect(),
        }
    }
}

/// The open findings after the changes of a preview.
fn afterwards(mut open: BTreeMap<Severity, u64>, done: &Done) -> BTreeMap<Severity, u64> {
    let severities = &done.tally.severities;
    for (severity, more) in severities.created.iter().chain(&severities.reopened) {
        *open.entry(*severity).or_default() += more;
    }
    for (severity, fewer) in &severities.closed {
        let left = open.entry(*severity).or_default();
        *left = left.saturating_sub(*fewer);
    }
    open.retain(|_, count| *count > 0);
    open
}
