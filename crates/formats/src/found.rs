//! What a report says of one problem, in Campanile's words.
//!
//! Owns: the shape every format ends in, and its bounds. Must not: know a format, or what is in the database.

use std::collections::BTreeSet;

use base::{Severity, Time};
use serde::{Deserialize, Serialize};

use crate::identity::{Identity, Old};

/// Characters of a title, at most.
pub(crate) const TITLE: usize = 200;
/// Characters of a description, at most.
pub(crate) const DESCRIPTION: usize = 10_000;
/// Locations that are kept; the count is of all.
pub const MAX_LOCATIONS: usize = 100;
/// Identifiers, CWEs, references and fixed versions that are kept, each.
pub(crate) const MAX_LIST: usize = 200;
/// Characters of the code that is kept.
pub(crate) const SNIPPET: usize = 4_000;

/// A problem that is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is recognised by in the next report.
    pub identity: Identity,
    /// The file it is in, as seen from the root of the report; empty for what is in no file.
    pub path: String,
    /// What versions before 0.2 recognised it by.
    pub old: Old,
    /// One line.
    pub title: String,
    /// Several lines of plain text.
    pub description: String,
    /// How bad.
    pub severity: Severity,
    /// The rule of the tool.
    pub rule_id: Option<String>,
    /// Everything else an analyst needs.
    pub details: Details,
    /// Of an entry that has several places and keeps its identity while they come and go: each place
    /// ([`Identity::places`]) and how it is shown. Empty for all others.
    pub spots: Vec<(u64, String)>,
}

impl Found {
    /// Where it is: the first of its locations.
    pub fn location(&self) -> Option<&str> {
        self.details.locations.first().map(String::as_str)
    }

    /// Leaves only those of its several places that are not among these: the others are covered by a verdict.
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

    /// Its first weakness, as `CWE-79`.
    pub fn cwe(&self) -> Option<&str> {
        self.details.cwes.first().map(String::as_str)
    }
}

/// What a scanner knows about a problem besides its words. Lists hold each value once, in the order of the report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// CVE, GHSA and other identifiers of the vulnerability.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<String>,
    /// Weaknesses, as `CWE-79`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<String>,
    /// The worst CVSS rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss: Option<Cvss>,
    /// The component that is vulnerable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Component>,
    /// URLs about the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Where it is: `path:line`, a URL, `host:port/protocol`; the first [`MAX_LOCATIONS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    /// How many locations there are in all.
    #[serde(skip_serializing_if = "is_zero")]
    pub locations_count: u32,
    /// The code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub snippet: String,
    /// When the scanner says it found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_at: Option<Time>,
    /// What the report's VEX statement says, such as `exploitable: reachable from the API`. It proposes; it decides nothing.
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
    /// `2.0`, `3.0`, `3.1` or `4.0`; empty where the report does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The vector string; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vector: String,
    /// The base score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

// A score is a number that was read from a text of digits, never NaN.
impl Eq for Cvss {}

/// A component: a package, a library, an image layer's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Component {
    /// Its name, with its group where it has one.
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
