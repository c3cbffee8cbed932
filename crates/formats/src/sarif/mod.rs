//! Reading SARIF 2.1.0 reports of any size, from anybody.
//!
//! Owns: the format. A report is surveyed from its start to its end, to learn its tools, rules and targets wherever in
//! the file they are; each later pass hands out its findings. At no time is more than one result in memory, and what
//! is kept of tools, rules and places is bounded. A result that does not fit is skipped with its reason.
//! Must not: touch the database, or answer a request.

mod about;
mod advisory;
mod bag;
mod bounds;
mod component;
mod finding;
mod identity;
mod invocation;
mod location;
mod lookup;
mod message;
mod package;
mod place;
mod replay;
mod report;
mod result;
mod roots;
mod rule;
mod severity;
mod survey;
mod wording;

pub use bounds::{MAX_RESULTS, MAX_RULES, MAX_RUNS};
pub(crate) use report::survey as read;
pub use report::{Place, Report};

#[cfg(test)]
mod tests;
