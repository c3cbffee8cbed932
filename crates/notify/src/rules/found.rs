//! A rule for a handler: found or rejected, and named in the audit log.

use access::{
    Refused,
    audit::{Action, Entry},
};
use base::Id;

use super::{read, rule::Rule};

/// The audit log's entry of a rule: it has no name of its own.
pub(super) fn entry(action: Action, rule: &Rule) -> Entry {
    Entry::new(
        action,
        rule.id,
        format!("{} by {}", rule.event_type, rule.channel),
    )
    .of(rule.company_id)
}

/// The rule with this id.
pub(super) fn found(tx: &mut store::Tx<'_>, id: Id) -> Result<Rule, Refused> {
    read::one(tx, id)?.ok_or(Refused::NotFound)
}
