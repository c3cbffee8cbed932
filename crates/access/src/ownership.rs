//! Ownership: a company's ownership rules, and the owners of projects and assets.
//!
//! Owns: the tables of both, what a rule matches ([`Rule::matches`], pure), which rule applies ([`first`]), and reading a
//! CODEOWNERS file. Records use it to assign findings, notifications to find recipients: both get the same answer.
//! Must not: assign anyone, or know a finding; it gets [`Facts`].

pub(crate) mod codeowners;
mod facts;
mod owners;
mod pattern;
mod rule;
mod rules;

pub use facts::{Facts, path_of};
pub(crate) use owners::Known;
pub use owners::{MAX as MAX_OWNERS, Owners, check_owners, clear_owners, owners, set_owners};
pub use pattern::BadPattern;
pub(crate) use rule::TEXT;
pub use rule::{Match, Rule, first};
pub use rules::Rules;
pub(crate) use rules::{Written, held, list, replace};
