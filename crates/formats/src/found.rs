//! One problem of a scan report, in Campanile's terms.
//!
//! Owns: the common output of every format, and its bounds. Must not: know a format, or what is in the database.

use std::collections::BTreeSet;

use base::{Severity, Time};
use serde::{Deserialize, Serialize};

use crate::identity::{Identity, Old};

/// Maximum length of a title in characters.
pub(crate) const TITLE: usize = 200;
/// Maximum length of a description in characters.
pub(crate) const DESCRIPTION: usize = 10_000;
/// Maximum number of locations that are kept; the count includes all.
pub const MAX_LOCATIONS: usize = 100;
/// Maximum number of identifiers, CWEs, references and fixed versions that are kept, each.
pub(crate) const MAX_LIST: usize = 200;
/// Maximum length of the code in characters.
pub(crate) const SNIPPET: usize = 4_000;

/// A problem to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is recognised by in the next scan report.
    pub identity: Identity,
    /// The file, relative to the root of the scan report; empty if there is none.
    pub path: String,
    /// What versions before 0.2 recognised it by.
    pub old: Old,
    /// One line.
    pub title: String,
    /// Several lines of plain text.
    pub description: String,
    /// The severity.
    pub severity: Severity,
    /// The rule of the tool.
    pub rule_id: Option<String>,
    /// Everything else an analyst needs.
    pub details: Details,
    /// For an entry that has several places and keeps its identity while they come and go: each place
    /// ([`Identity::places`]) with its display text. Empty for all others.
    pub spots: Vec<(u64, String)>,
}

impl Found {
    /// The first of its locations.
    pub fn location(&self) -> Option<&str> {
        self.details.locations.first().map(String::as_str)
    }

    /// Removes the places in `covered`: a verdict covers them.
    pub fn leave_out(&mut self, covered: &BTreeSet<u64>) {
        self.spots.retain(|(place, _)| !covered.contains(place));
        self.identity.places.retain(|place| !covered.contains(place));
        self.show_spots();
    }

    /// Shows the places of an entry that has several.
    pub(crate) fn show_spots(&mut self) {
        self.details.locations = self
            .spots
            .iter()
            .take(MAX_LOCATIONS)
            .map(|(_, shown)| shown.clone())
            .collect();
        self.details.locations_count = u32::try_from(self.spots.len()).unwrap_or(u32::MAX);
    }

    /// Its first CWE, as `CWE-79`.
    pub fn cwe(&self) -> Option<&str> {
        self.details.cwes.first().map(String::as_str)
    }
}

/// What a scanner reports about a problem besides its texts. Lists hold each value once, in the order of the scan
/// report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// CVE, GHSA and other identifiers of the vulnerability.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<String>,
    /// CWEs, as `CWE-79`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<String>,
    /// The most severe CVSS rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss: Option<Cvss>,
    /// The vulnerable component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Component>,
    /// URLs about the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The locations: `path:line`, a URL, `host:port/protocol`; the first [`MAX_LOCATIONS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    /// The total number of locations.
    #[serde(skip_serializing_if = "is_zero")]
    pub locations_count: u32,
    /// The code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub snippet: String,
    /// When the scanner found it, according to the scan report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_at: Option<Time>,
    /// The scan report's VEX statement, such as `exploitable: reachable from the API`. Shown as a suggestion; it
    /// decides nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub statement: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A CVSS rating.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cvss {
    /// `2.0`, `3.0`, `3.1` or `4.0`; empty if the scan report does not state it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The vector string; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vector: String,
    /// The base score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

// A score is parsed from digits, so never NaN.
impl Eq for Cvss {}

/// A component: a package, a library, a file of an image layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Component {
    /// Its name, with its group if it has one.
    pub name: String,
    /// The version that was found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Its package URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub purl: String,
    /// Versions in which the problem is fixed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixed_versions: Vec<String>,
}
