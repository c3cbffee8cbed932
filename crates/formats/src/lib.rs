//! Reads scan reports of any size, from untrusted sources.
//!
//! Owns: the formats ([`FORMATS`]), how each is recognised, and the result of each entry ([`Outcome`]): its content
//! ([`Found`]) and what it is recognised by later ([`Identity`]). A scan report is first surveyed as a whole, then
//! handed out entry by entry ([`Surveyed`]); at most one entry is in memory at a time, and what is kept in addition is
//! bounded. Must not: touch the database, or know what a finding is.
//!
//! One file per format: it names the fields it reads as a [`Shape`](shape::Shape) and builds a [`Draft`](draft::Draft)
//! for each entry; [`list`] does the rest. [`sarif`] is more complex than a list and has a folder.
//!
//! ```text
//! registry ─► sarif, trivy, …, csv ─► list ─► draft ─► identity, paths, found
//!    ▲                                  └───► json, xml ─► shape
//! detect ─► marks, others
//! ```

mod credentials;
mod csv;
mod cwe;
mod cyclonedx;
mod detect;
mod draft;
mod found;
mod grype;
mod host;
mod identity;
mod json;
mod list;
mod marks;
mod nessus;
mod nuclei;
mod openvas;
mod others;
mod output;
mod package;
mod paths;
mod rating;
mod refusal;
mod registry;
pub mod sarif;
mod semgrep;
mod severity;
mod shape;
mod start;
mod trivy;
mod xml;
mod zap;

pub use credentials::without_credentials;
pub use csv::{ENCODINGS, Preview, is_encoding, preview_rows};
pub use detect::{detect, recognise};
pub use found::{Component, Cvss, Details, Found, MAX_LOCATIONS};
pub use identity::{Identity, KEYS, Old, OldNumbering};
pub use paths::{Paths, Root};
pub use refusal::{Error, Refusal};
pub use registry::{FORMATS, Format, Options};

#[cfg(test)]
mod tests;

use std::{
    fmt::Display,
    io::{Read, Seek},
};

use base::Time;

/// Maximum number of entries of one scan report.
pub const MAX_ENTRIES: u32 = 1_000_000;

/// A spooled scan report.
pub trait Source: Read + Seek {}

impl<F: Read + Seek> Source for F {}

/// A surveyed scan report: it is known to be readable to its end.
pub trait Surveyed: Send + Sync {
    /// The number of entries, including skipped ones.
    fn entries(&self) -> u32;

    /// What it covers: each tool with each target once.
    fn coverage(&self) -> &[Coverage];

    /// The paths of its files.
    fn paths(&self) -> &Paths;

    /// Hands out every entry with its place in the scan report, in the order of the file, until `each` returns false.
    /// `file` is the one that was surveyed; paths are relative to `root` ([`Paths::root`]).
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Refused`] if it is not the one that was surveyed.
    fn each(
        &self,
        file: &mut dyn Source,
        root: &str,
        each: &mut dyn FnMut(&dyn Display, Outcome) -> bool,
    ) -> Result<(), Error>;

    /// The same, but only what entries are recognised by; none for a skipped one.
    ///
    /// # Errors
    /// As for [`each`](Self::each).
    fn identify(
        &self,
        file: &mut dyn Source,
        root: &str,
        each: &mut dyn FnMut(Option<Identified>) -> bool,
    ) -> Result<(), Error>;
}

/// What an entry is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// An index into [`Surveyed::coverage`].
    pub coverage: usize,
    /// What it is recognised by in the next scan report.
    pub identity: Identity,
    /// What versions before 0.2 recognised it by.
    pub old: Old,
}

/// What a scan report covers: anything within it that was found earlier and is not in the scan report is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The name of the tool, one line.
    pub tool: String,
    /// The target that the scan report names, one line: an image, a category, a host, a site. Empty if it names none.
    pub target: String,
    /// For a scan report about hosts: the group of everything on this host. Such a scan report covers only the hosts it
    /// names.
    pub host: Option<u128>,
    /// When the scan was done, according to the scan report.
    pub time: Option<Time>,
    /// Why it does not contain everything the tool would find, one line each; empty for a complete scan report.
    pub not_whole: Vec<String>,
}

/// The result of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A problem within this coverage: an index into [`Surveyed::coverage`].
    Found(usize, Box<Found>),
    /// Nothing to import, and why.
    Skipped(Skip),
}

/// Why an entry is not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// The reason, one line.
    pub reason: String,
    /// Whether it could not be read: then the scan report is incomplete and closes nothing.
    pub unreadable: bool,
}

impl Skip {
    /// An entry that is marked as not a problem.
    pub fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: without_credentials(&reason.into()).into_owned(),
            unreadable: false,
        }
    }

    /// An entry that could not be read.
    pub fn unreadable(reason: impl Into<String>) -> Self {
        Self {
            reason: without_credentials(&reason.into()).into_owned(),
            unreadable: true,
        }
    }
}
