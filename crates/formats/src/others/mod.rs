//! The files of other tools: the marks of each, and how to get a supported file from it.
//!
//! Owns: naming a tool by its marks; the tools themselves are in [`code`] and [`hosts`], one entry each. Must not:
//! parse; a tool listed here has no reader.

mod code;
mod hosts;

use crate::marks::Marks;

/// A tool whose own files are not supported.
pub(crate) struct Other {
    /// Its name.
    pub(crate) tool: &'static str,
    /// Each of these sets of marks is enough to name it.
    pub(crate) marks: &'static [&'static [&'static str]],
    /// How to get a supported file.
    advice: &'static str,
}

impl Other {
    /// The message to the sender of such a file.
    pub(crate) fn refusal(&self) -> String {
        format!("this looks like {}; {}", self.tool, self.advice)
    }
}

/// The tool whose marks these are.
pub(crate) fn of(marks: &Marks) -> Option<&'static Other> {
    all().find(|other| marks.have_any(other.marks))
}

const NONE: &str = "its formats are not supported; send its findings as CSV (format=csv) or as SARIF";

/// All tools that can be named.
pub(crate) fn all() -> impl Iterator<Item = &'static Other> {
    code::OTHERS.iter().chain(hosts::OTHERS)
}
