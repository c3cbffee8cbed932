//! A finding that became more severe than the accepted one.
//!
//! Owns: who is notified: those responsible for the acceptance. Must not: end it; people do.

use base::{Id, Kind};
use serde_json::json;
use store::{Error, Select, Tx, params};

use super::{
    approval::{Approval, Status},
    authors,
    event::event,
    list,
};
use crate::{
    By,
    findings::{finding::Finding, status::Status as FindingStatus},
};

/// The finding, which is locked and written, is more severe than before. A pending request must be read again before it
/// is decided: `approval.updated`, for its deciders. An acceptance that is exceeded is announced to the users who
/// requested and approved it, once for each increase: `approval.outgrown`.
///
/// # Errors
/// The store's.
pub(crate) fn became_more_severe(tx: &mut Tx<'_>, finding: &Finding, by: &By) -> Result<(), Error> {
    // The content of a scan report is new also to the user who imported it.
    let by = if by.scan.is_some() { &By::SYSTEM } else { by };
    reread(tx, finding.id, by)?;
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
    let mut event = event(tx, Kind::ApprovalOutgrown, &approval, by);
    event.assignee_users = answerable(tx, &approval)?;
    event
        .data
        .insert("accepted_severity".to_owned(), json!(approval.accepted_severity));
    event
        .data
        .insert("finding_severity".to_owned(), json!(finding.severity));
    tx.emit(event)
}

const REREAD: &str = "update approvals set version = $3, updated_at = $4 where id = $1 and company_id = $2";

/// A pending request concerns a finding that is more severe than the one that was read.
fn reread(tx: &mut Tx<'_>, finding: Id, by: &By) -> Result<(), Error> {
    let lock = tx.for_update("a");
    let waiting: Option<Approval> = Select::new(list::SELECT)
        .filter("a.finding_id = ?", Some(finding))
        .push(&format!(" and a.status = 'requested'{lock}"), Vec::new())
        .one(tx)?;
    let Some(mut approval) = waiting else {
        return Ok(());
    };
    approval.version += 1;
    approval.updated_at = tx.now();
    let values = params![
        approval.id,
        approval.company.id,
        approval.version,
        approval.updated_at
    ];
    tx.execute(REREAD, values)?;
    let authors = authors::of(tx, approval.id)?;
    let mut event = event(tx, Kind::ApprovalUpdated, &approval, by);
    event.assignee_users = authors::deciders(tx, approval.company.id, &authors)?;
    tx.emit(event)
}

/// Those responsible for an acceptance: its requester and its approver; the company's managers if there is neither.
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
