//! The end of an approval, when it expires or its finding is reopened before.

use base::{Id, Kind};
use store::{Error, Select, Tx, params};

use super::{
    approval::{Approval, Status},
    event::event,
    list,
};
use crate::{By, Refused};

const END: &str =
    "update approvals set status = $3, updated_at = $4, version = $5 where id = $1 and company_id = $2";

/// Ends the approval behind a finding's acceptance because the finding is reopened or has a new one:
/// `approval.updated`.
///
/// # Errors
/// The store's.
pub(crate) fn end(tx: &mut Tx<'_>, finding: Id, by: &By) -> Result<(), Refused> {
    let held: Option<Approval> = Select::new(list::SELECT)
        .filter("a.finding_id = ?", Some(finding))
        .push(&format!(" and a.status in {}", Status::HOLDING_SQL), Vec::new())
        .one(tx)?;
    if let Some(mut approval) = held {
        finish(tx, &mut approval, Status::Ended)?;
        let mut event = event(tx, Kind::ApprovalUpdated, &approval, by);
        event.assignee_users = approval.requested_by.iter().map(|person| person.id).collect();
        tx.emit(event)?;
    }
    Ok(())
}

pub(super) fn finish(tx: &mut Tx<'_>, approval: &mut Approval, status: Status) -> Result<(), Error> {
    (approval.status, approval.updated_at) = (status, tx.now());
    approval.version += 1;
    let values = params![
        approval.id,
        approval.company.id,
        status,
        approval.updated_at,
        approval.version
    ];
    tx.execute(END, values).map(drop)
}
