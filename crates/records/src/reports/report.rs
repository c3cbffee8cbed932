//! What a report is.

use base::{Id, Severity, Time};
use serde::{Deserialize, Serialize};
use store::words;

use crate::{Named, Place, findings};

words! {
    /// The file format of a report.
    pub enum Format (ReportFormat, "a report's format") {
        /// A page for people: it loads no external resources and runs no scripts.
        Html "html",
        /// A table: RFC 4180, UTF-8 with a byte order mark, no cell is a formula.
        Csv "csv",
        /// One object for programs.
        Json "json",
    }
}

words! {
    /// The status of a report.
    pub enum Status (ReportStatus, "a report's status") {
        /// Waiting to be generated.
        Pending "pending",
        /// Being generated.
        Running "running",
        /// Ready to download.
        Ready "ready",
        /// It could not be generated.
        Failed "failed",
        /// It was ready, and its file was deleted because of its age.
        Expired "expired",
    }
}

impl Format {
    /// Its media type.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
        }
    }
}

/// Which findings a report contains, in addition to company and project; empty for all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ReportContents)]
pub struct Contents {
    /// Those with one of these statuses.
    #[schema(max_items = 20)]
    pub statuses: Vec<findings::Status>,
    /// Those of one of these severities.
    #[schema(max_items = 20)]
    pub severities: Vec<Severity>,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: Id,
    /// The company, and the project if it is about one.
    pub place: Place,
    /// Its name, one line.
    pub name: String,
    /// Its file format.
    pub format: Format,
    /// Which findings it contains.
    pub contents: Contents,
    /// Its status.
    pub status: Status,
    /// The number of findings in it, once it is ready.
    pub findings: u64,
    /// Its length in bytes, once it is ready.
    pub size: u64,
    /// Why it could not be generated; else empty.
    pub error: String,
    /// Who requested it; none if deleted.
    pub created_by: Option<Named>,
    /// When it was requested.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
    /// When it was ready, or failed.
    pub finished_at: Option<Time>,
}
