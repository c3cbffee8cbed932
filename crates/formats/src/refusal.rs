//! Why a scan report is rejected, and where in it the fault is.
//!
//! Owns: what a refusal contains and how it is written. Must not: repeat more than a few words of the scan report.

use std::{fmt, io};

use super::json::{guard::Excess, walk::Trail, wording};

/// A scan report that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is invalid: the sender's fault.
    #[error("{0}")]
    Refused(Refusal),
    /// The file could not be read: the server's fault.
    #[error("the file could not be read: {0}")]
    Io(#[from] io::Error),
}

/// What is invalid, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The path from the top of the scan report, such as `runs[0].results[17].message`; empty for the top.
    pub path: String,
    /// The line, from 1; 0 if the fault has no place.
    pub line: u64,
    /// The byte in the line, from 1.
    pub column: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)?;
        if self.line > 0 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        Ok(())
    }
}

impl Error {
    /// A fault of the whole file.
    pub(crate) fn whole(what: &str) -> Self {
        Self::Refused(Refusal {
            path: String::new(),
            line: 1,
            column: 1,
            what: what.to_owned(),
        })
    }

    /// The parser's message, with the path it had reached.
    pub(crate) fn of(error: serde_json::Error, trail: &Trail) -> Self {
        let path = trail.to_string();
        if !error.is_io() {
            let (line, column) = (error.line() as u64, error.column() as u64);
            let what = wording::of(&error);
            return Self::Refused(Refusal {
                path,
                line,
                column,
                what,
            });
        }
        let error = io::Error::from(error);
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Excess>()) {
            // The guard is ahead of the parser: its place is exact, the parser's path may not be.
            Some(excess) => Self::Refused(Refusal {
                path: String::new(),
                line: excess.line,
                column: excess.column,
                what: excess.what.to_owned(),
            }),
            None => Self::Io(error),
        }
    }
}
