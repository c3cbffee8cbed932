//! A finding that got worse than what was accepted.
//!
//! Owns: whom that concerns: those who answer for the acceptance. Must not: end it; people do.

use base::{Id, Kind};
use serde_json::json;
use store::{Error, Select, Tx, params};

use super::{Approval, Status, authors, change, list};
use crate::{
    By,
    findings::{Finding, Status as FindingStatus},
};

const REREAD: &str = "update approvals set version = version + 1, updated_at = $2 \
     where finding_id = $1 and status = 'requested'";

/// The finding, which is held and written, is more severe than before. What is requested is to be read again before it
/// is decided; what was accepted and is outgrown is announced to those who requested and approved it, once for each
/// rise: `approval.outgrown`.
///
/// # Errors
/// The store's.
pub(crate) fn got_worse(tx: &mut Tx<'_>, finding: &Finding, by: &By) -> Result<(), Error> {
    let now = tx.now();
    tx.execute(REREAD, params![finding.id, now])?;
    if finding.status != FindingStatus::AcceptedRisk {
        return Ok(());
    }
    let holding: Option<Approval> = Select::new(list::SELECT)
        .filter("a.finding_id = ?", Some(finding.id))
        .push(&format!(" and a.status in {}", Status::HOLDING_SQL), Vec::new())
        .one(tx)?;
    let Some(approval) = holding.filter(Approval::outgrown) else {
        return Ok(());
    };
    let mut event = change::event(tx, Kind::ApprovalOutgrown, &approval, by);
    event.assignee_users = answerable(tx, &approval)?;
    event
        .data
        .insert("accepted_severity".to_owned(), json!(approval.accepted_severity));
    event
        .data
        .insert("finding_severity".to_owned(), json!(finding.severity));
    tx.emit(event)
}

/// Who answers for an acceptance: who requested and who approved it; the company's managers where nobody did.
///
/// # Errors
/// The store's.
pub(crate) fn answerable(tx: &mut Tx<'_>, approval: &Approval) -> Result<Vec<Id>, Error> {
    let mut people: Vec<Id> = [&approval.requested_by, &approval.decided_by]
        .into_iter()
        .flatten()
        .map(|person| person.id)
        .collect();
    people.dedup();
    if people.is_empty() {
        return authors::managers(tx, approval.company.id);
    }
    Ok(people)
}
