//! Reading scan reports, of any size, from anybody.
//!
//! Owns: which formats there are ([`FORMATS`]), how each is recognised, and what each of their entries comes to
//! ([`Outcome`]): its words ([`Found`]) and what it is recognised by later ([`Identity`]). A report is surveyed first,
//! all of it, and then handed out entry by entry ([`Surveyed`]); at no time is more than one entry in memory, and what
//! is kept in addition is bounded. Must not: touch the database, or know what a finding is.
//!
//! One file per format: it names the fields it takes as a [`Shape`](shape::Shape) and makes a
//! [`Draft`](draft::Draft) of each entry; [`list`] does the rest. [`sarif`] is richer than a list and has a folder.
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
pub use identity::{Crowd, Identity, KEYS, Old};
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

/// Entries of one report, at most.
pub const MAX_ENTRIES: u32 = 1_000_000;

/// A spooled report.
pub trait Source: Read + Seek {}

impl<F: Read + Seek> Source for F {}

/// A report that was surveyed: it is known to be readable to its end.
pub trait Surveyed: Send + Sync {
    /// How many entries it has, skipped ones included.
    fn entries(&self) -> u32;

    /// What it covers: each tool with each target once.
    fn coverage(&self) -> &[Coverage];

    /// The paths of its files.
    fn paths(&self) -> &Paths;

    /// Hands out every entry with its place in the report, in the order of the file, until `each` says false. `file` is
    /// the one that was surveyed; paths are seen from `root` ([`Paths::root`]).
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Refused`] if it is not the one that was surveyed.
    fn each(
        &self,
        file: &mut dyn Source,
        root: &str,
        each: &mut dyn FnMut(&dyn Display, Outcome) -> bool,
    ) -> Result<(), Error>;

    /// The same, but only what entries are recognised by; none for one that is skipped.
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
    /// What it is recognised by in the next report.
    pub identity: Identity,
    /// What versions before 0.2 recognised it by.
    pub old: Old,
}

/// What a report covers: what of it was found earlier and is not in the report is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The name of the tool, one line.
    pub tool: String,
    /// What the report names as its target, one line: an image, a category, a host, a site. Empty where it names none.
    pub target: String,
    /// For a report about hosts: the group of everything on this host. A report about hosts covers those it names only.
    pub host: Option<u128>,
    /// When the scan was done, as the report says it.
    pub time: Option<Time>,
    /// Why it does not hold all that the tool would find, one line each; empty for a whole report.
    pub not_whole: Vec<String>,
}

/// What an entry comes to.
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
    /// Whether it could not be read: then the report is not whole, and closes nothing.
    pub unreadable: bool,
}

impl Skip {
    /// An entry that says itself that it is not a problem.
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
