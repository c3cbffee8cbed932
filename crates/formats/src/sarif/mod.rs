//! Reads SARIF 2.1.0 scan reports of any size, from untrusted sources.
//!
//! Owns: the format. A scan report is surveyed from start to end, to find its tools, rules and targets anywhere in the
//! file; each later pass hands out its findings. At most one result is in memory at a time, and what is kept of tools,
//! rules and places is bounded. An invalid result is skipped with its reason. Must not: touch the database, or answer a
//! request.

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
