//! Reading SARIF 2.1.0 reports of any size, from anybody.
//!
//! Owns: the format. A report is read three times from the start: once to check all of it and to learn its tools
//! and rules, wherever in the file they stand; once to tell repeated results apart; once to hand out findings. At
//! no time is more than one result in memory, and what is kept of tools and rules is bounded.
//! Must not: touch the database, or answer a request.

mod bounds;
mod component;
mod finding;
mod identity;
mod location;
mod lookup;
mod message;
mod place;
mod replay;
mod report;
mod result;
mod rule;
mod severity;
mod survey;

pub use bounds::{MAX_RESULTS, MAX_RULES, MAX_RUNS};
pub(crate) use report::survey as read;
pub use report::{Place, Report};

#[cfg(any())] // under way
mod tests;
