//! Which event turns which channel on, and recipients in addition to the people responsible (promises R1 to R4, R7).
//!
//! Owns: the tables of rules and of the recipients they name; a URL is sealed for its row. The rules of a fresh
//! install come with a migration, so that a deleted one stays deleted.
//! Must not: decide who is notified; that is [`crate::plan`].

mod body;
mod cache;
mod dry_run;
mod found;
mod guard;
pub mod http;
mod read;
mod rule;
pub mod secrets;
pub mod sources;
mod write;

pub use body::{NewRule, RuleChange};
pub(crate) use cache::Cache;
pub use rule::{Recipients, Rule};

/// The current rules, read again.
///
/// # Errors
/// Database errors.
pub(crate) fn current(
    tx: &mut store::Tx<'_>,
    vault: &access::Vault,
) -> Result<std::sync::Arc<crate::plan::Rules>, store::Error> {
    read::for_plan(tx, vault).map(std::sync::Arc::new)
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upgrade_tests;
