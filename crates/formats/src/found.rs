//! What a report says of one problem, in Campanile's words.
//!
//! Owns: the shape every format ends in, and its bounds. Must not: know a format, or what is in the database.

use base::Severity;

/// Characters of a title, at most.
pub(crate) const TITLE: usize = 200;
/// Characters of a description, at most.
pub(crate) const DESCRIPTION: usize = 10_000;

/// A problem that is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The same for the same problem in the next report of the same tool, another for every other problem.
    pub fingerprint: String,
    /// One line.
    pub title: String,
    /// Several lines of plain text.
    pub description: String,
    /// How bad.
    pub severity: Severity,
    /// `path:line`, `path` or the name of what it is in.
    pub location: Option<String>,
    /// The rule of the tool.
    pub rule_id: Option<String>,
    /// The weakness, as `CWE-79`.
    pub cwe: Option<String>,
}
