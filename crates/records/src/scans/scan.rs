//! What a scan is.

use base::{Id, Time};
use serde::{Deserialize, Serialize};

use super::{numbers::Severities, status::Status};
use crate::Place;

/// A scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Its id.
    pub id: Id,
    /// The company and the project it belongs to.
    pub place: Place,
    /// Its name, one line.
    pub name: String,
    /// The tool; may be empty.
    pub tool: String,
    /// Its status.
    pub status: Status,
    /// When it is scheduled.
    pub scheduled_at: Option<Time>,
    /// When it started.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// The counts of its import, if it has ended.
    pub counts: Option<Counts>,
    /// What its scan report covered and the result, if it has ended.
    pub report: Option<Report>,
    /// When its import was undone.
    pub undone_at: Option<Time>,
    /// Why it failed; may be empty.
    pub error: String,
    /// Who created it.
    pub created_by: Option<Id>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
}

/// What the scan report of a scan covered, and the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ScanReport)]
#[serde(default)]
pub struct Report {
    /// What it covered.
    pub targets: Vec<Covered>,
    /// The total number of targets; the first 100 are listed.
    pub targets_count: u64,
    /// Whether it contained everything the tool would find; otherwise it closed nothing.
    pub whole: bool,
    /// Why it did not, the first 20 reasons.
    pub not_whole: Vec<String>,
    /// Counts by severity.
    pub severities: Severities,
    /// The users who were notified of its end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub(crate) people: Vec<Id>,
    /// The teams that were notified of its end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub(crate) teams: Vec<Id>,
}

/// A target covered by the scan report of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ScanTargetCovered)]
pub struct Covered {
    /// Its id.
    pub id: Id,
    /// Its name; empty for the whole project.
    pub name: String,
    /// The tool.
    pub tool: String,
    /// Whether a later scan report of it was known: then only findings that did not exist yet were added.
    pub older: bool,
}

/// What an import did: `read = created + updated + unchanged + skipped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ScanCounts)]
pub struct Counts {
    /// Entries of the scan report.
    pub read: u64,
    /// New findings.
    pub created: u64,
    /// Findings that changed, including reopened ones.
    pub updated: u64,
    /// Findings that were closed and found again.
    pub reopened: u64,
    /// Findings that the scan report no longer contains.
    pub closed: u64,
    /// Unchanged findings.
    pub unchanged: u64,
    /// Entries that are not findings.
    pub skipped: u64,
}
