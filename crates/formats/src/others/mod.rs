//! The files of other tools: by which marks each is known, and how to get a file of it that is taken.
//!
//! Owns: naming a tool by its marks; the tools themselves are in [`code`] and [`hosts`], one entry each. Must not: parse; a tool that is here has no reader.

mod code;
mod hosts;

use crate::marks::Marks;

/// A tool whose own files are not read.
pub(crate) struct Other {
    /// Its name.
    pub(crate) tool: &'static str,
    /// Each of these sets of marks is enough to name it.
    pub(crate) marks: &'static [&'static [&'static str]],
    /// How to get a file that is taken.
    way: &'static str,
}

impl Other {
    /// What is said to the sender of such a file.
    pub(crate) fn refusal(&self) -> String {
        format!("this looks like {}; {}", self.tool, self.way)
    }
}

/// The tool whose marks these are.
pub(crate) fn of(marks: &Marks) -> Option<&'static Other> {
    all().find(|other| marks.have_any(other.marks))
}

const NONE: &str = "its formats are not supported; send its findings as CSV (format=csv) or as SARIF";

/// All that can be named.
pub(crate) fn all() -> impl Iterator<Item = &'static Other> {
    code::OTHERS.iter().chain(hosts::OTHERS)
}
