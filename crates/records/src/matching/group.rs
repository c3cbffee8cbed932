//! A group, and what is found about it.

use base::Id;
use formats::Identity;

/// A stored finding of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: Id,
    /// What it was last recognised by.
    pub identity: Identity,
    /// Whether a user has given a verdict: accepted, false positive or duplicate.
    pub verdict: bool,
    /// Whether the previous scan report contained it.
    pub present: bool,
}

/// An entry of the scan report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its index in the scan report.
    pub index: u32,
    /// What it is recognised by.
    pub identity: Identity,
}

/// The match of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Found {
    /// No stored finding.
    #[default]
    New,
    /// This stored finding, by its index in the list. `content` tells whether this also applies under a verdict.
    Same {
        /// Its index in the list of stored findings.
        stored: usize,
        /// Whether the content matches, so that a verdict covers the entry.
        content: bool,
    },
    /// A duplicate of the entry with this index in the scan report.
    Duplicate(u32),
}

/// The matches of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// The match of each entry, in the order of the entries.
    pub entries: Vec<Found>,
    /// Entries with some places covered by findings with a verdict: each with those findings. The entry itself keeps
    /// the rest.
    pub covered: Vec<(usize, Vec<usize>)>,
    /// Stored findings that differ only in code or version from a new entry: each with the entry.
    pub related: Vec<(usize, usize)>,
}
