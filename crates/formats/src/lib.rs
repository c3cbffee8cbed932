//! Reading the reports of scanners, of any size, from anybody.
//!
//! Owns: which formats there are ([`Format`]), how each is recognised, and what each of their entries comes to
//! ([`Outcome`]). A report is surveyed first, all of it, and then handed out finding by finding ([`Surveyed`]); at
//! no time is more than one entry in memory, and what is kept beside it is bounded. Must not: touch the database,
//! or answer a request.
//!
//! One file for each format: it names the fields it takes as a [`Shape`](shape::Shape) and makes a
//! [`Draft`](list::Draft) of each entry; [`list`] does the rest. [`sarif`] is richer than a list and has a folder.

mod csv;
mod cwe;
mod cyclonedx;
mod detect;
mod format;
mod found;
mod grype;
mod identity;
mod json;
mod list;
mod nessus;
mod nuclei;
mod openvas;
mod refusal;
pub mod sarif;
mod semgrep;
mod severity;
mod shape;
mod start;
mod trivy;
mod xml;
mod zap;

pub use detect::detect;
pub use format::Format;
pub use found::Found;
pub use refusal::{Error, Refusal};

#[cfg(test)]
mod tests;

use std::{
    fmt::Display,
    io::{Read, Seek},
};

/// Entries of one report, at most.
pub const MAX_ENTRIES: u32 = 1_000_000;

/// A spooled report.
pub trait Source: Read + Seek {}

impl<F: Read + Seek> Source for F {}

/// A report that was surveyed: every value that is taken from it is known to be of the right shape.
pub trait Surveyed: Send + Sync {
    /// How many entries it has, skipped ones included.
    fn entries(&self) -> u32;

    /// Its tools, each name once.
    fn tools(&self) -> Vec<ToolRun>;

    /// Hands out every entry with its place in the report, in the order of the file, until `each` says false.
    /// `file` is the one that was surveyed.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Refused`] if it is not the one that was surveyed.
    fn each(
        &self,
        file: &mut dyn Source,
        each: &mut dyn FnMut(&dyn Display, Outcome) -> bool,
    ) -> Result<(), Error>;
}

/// A tool of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRun {
    /// Its name, one line.
    pub name: String,
    /// Whether the report holds all that the tool finds: a finding that is not in it is gone. A report of a scan
    /// that failed or was stopped says nothing of what is not in it.
    pub complete: bool,
}

/// What an entry comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A finding of this tool: an index into [`Surveyed::tools`].
    Found(usize, Box<Found>),
    /// Nothing to import, and why.
    Skipped(String),
}
