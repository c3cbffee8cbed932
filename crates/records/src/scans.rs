//! Scans: when a tool looks, what came of it.
//!
//! Owns: the table `scans`, the life of a scan, and each change of it with its event. Must not: read a report or
//! change a finding; `records::import` does.

mod change;
mod event;
pub mod http;
mod import;
mod list;
mod status;
mod view;

pub use change::{Change, New, change, create, delete};
pub(crate) use import::undone;
pub use import::{complete, fail, start};
pub use list::{Filter, Sort, get, held, list};
pub use status::Status;
pub use view::View;

use base::{Id, Time};
use serde::{Deserialize, Serialize};

use crate::{Place, import::Severities};

/// A scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Its id.
    pub id: Id,
    /// The company and the project it belongs to.
    pub place: Place,
    /// Its name, in a line.
    pub name: String,
    /// The tool; may be empty.
    pub tool: String,
    /// Where it stands.
    pub status: Status,
    /// When it is to start.
    pub scheduled_at: Option<Time>,
    /// When it started.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// What its import did, if it has ended.
    pub counts: Option<Counts>,
    /// What its report covered and came to, if it has ended.
    pub report: Option<Report>,
    /// When its import was undone.
    pub undone_at: Option<Time>,
    /// Why it failed; may be empty.
    pub error: String,
    /// Who added it.
    pub created_by: Option<Id>,
    /// Since when it is known here.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// What the report of a scan covered and came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ScanReport)]
#[serde(default)]
pub struct Report {
    /// What it covered.
    pub targets: Vec<Covered>,
    /// How many targets there are in all; the first 100 are listed.
    pub targets_count: u64,
    /// Whether it held all that the tool would find; one that did not closed nothing.
    pub whole: bool,
    /// Why it did not, the first 20 reasons.
    pub not_whole: Vec<String>,
    /// Counts by severity.
    pub severities: Severities,
    /// The people who were notified of its end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub(crate) people: Vec<Id>,
    /// The teams that were notified of its end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub(crate) teams: Vec<Id>,
}

/// A target that the report of a scan covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ScanTargetCovered)]
pub struct Covered {
    /// Its id.
    pub id: Id,
    /// Its name; empty for the whole project.
    pub name: String,
    /// The tool.
    pub tool: String,
    /// Whether a later report of it was known: then only findings that were nowhere on the list were taken.
    pub older: bool,
}

/// What an import did: `read = created + updated + unchanged + skipped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ScanCounts)]
pub struct Counts {
    /// Results in the report.
    pub read: u64,
    /// Findings that are new.
    pub created: u64,
    /// Findings that changed, the reopened ones included.
    pub updated: u64,
    /// Findings that were closed and are back.
    pub reopened: u64,
    /// Findings that the report does not hold any more.
    pub closed: u64,
    /// Findings that are as they were.
    pub unchanged: u64,
    /// Results that are no findings.
    pub skipped: u64,
}
