//! Requesting, deciding, withdrawing: each with its one event.

use base::{Kind, Time};
use store::{Error, Tx, params};

use super::{
    approval::{Approval, Status},
    authors, end,
    event::event,
};
use crate::{
    By, Named, Refused,
    by::put,
    column::id_or_none,
    findings::{self, Context, Finding},
};

/// An approval to request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Why the risk should be accepted.
    pub reason: String,
    /// Until when.
    pub expires_at: Time,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the risk is accepted.
    pub approved: bool,
    /// The comment on it; may be empty.
    pub comment: String,
    /// The version of the request that was read.
    pub version: i64,
}

const INSERT: &str = "insert into approvals (id, company_id, finding_id, reason, status, expires_at, requested_by, \
     decided_by, decided_at, comment, created_at, updated_at) \
     values ($1, $2, $3, $4, $5, $6, $7, '', 0, '', $8, $8)";

/// Requests that the risk of a locked finding be accepted: `approval.requested`, for users who may decide.
///
/// # Errors
/// 409 for a finding whose risk cannot be accepted, or that already has a requested or valid approval.
pub fn request(tx: &mut Tx<'_>, finding: &Finding, new: New, by: &By) -> Result<Approval, Refused> {
    acceptable(finding)?;
    let (id, now) = (tx.id(), tx.now());
    let approval = Approval {
        id,
        company: finding.place.company.clone(),
        finding: Named {
            id: finding.id,
            name: finding.title.clone(),
        },
        severity: finding.severity,
        reason: new.reason,
        status: Status::Requested,
        expires_at: new.expires_at,
        requested_by: by.actor.clone(),
        decided_by: None,
        decided_at: None,
        comment: String::new(),
        created_at: now,
        updated_at: now,
        version: 1,
        accepted_severity: None,
    };
    let values = params![
        id,
        approval.company.id,
        approval.finding.id,
        &approval.reason,
        approval.status,
        approval.expires_at,
        id_or_none(by.id()),
        now
    ];
    tx.execute(INSERT, values).map_err(|error| match error {
        Error::Unique => {
            Refused::conflict("This finding already has a requested or approved risk acceptance.")
        }
        other => other.into(),
    })?;
    authors::add(tx, id, by)?;
    let mut event = event(tx, Kind::ApprovalRequested, &approval, by);
    event.assignee_users = authors::deciders(tx, approval.company.id, by.id().as_slice())?;
    tx.emit(event)?;
    Ok(approval)
}

/// A finding that was accepted without an approval may get one, too. The index prevents a second one.
fn acceptable(finding: &Finding) -> Result<(), Refused> {
    let accepted = findings::Status::AcceptedRisk;
    if finding.status == accepted || finding.status.may_become(accepted, findings::Mover::Approval) {
        return Ok(());
    }
    Err(Refused::conflict(format!(
        "The risk of a finding with the status {} cannot be accepted.",
        finding.status
    )))
}

const DECIDE: &str = "update approvals set status = $3, decided_by = $4, decided_at = $5, comment = $6, \
     updated_at = $5, version = $7, accepted_severity = $8 where id = $1 and company_id = $2 and status = 'requested'";

/// Decides a locked approval of a locked finding: `approval.decided`, for the requester; and, if it is approved,
/// `finding.status_changed`.
///
/// # Errors
/// 403 for anyone who wrote or changed the request; 409 if it is already decided, has changed or has expired, or if the
/// finding's status no longer allows it.
pub fn decide(
    tx: &mut Tx<'_>,
    approval: &mut Approval,
    finding: &mut Finding,
    decision: Decision,
    context: Context<'_>,
) -> Result<(), Refused> {
    let (by, now) = (context.by, tx.now());
    decidable(tx, approval, &decision, by)?;
    if decision.approved {
        acceptable(finding)?;
    }
    approval.status = if decision.approved {
        Status::Approved
    } else {
        Status::Rejected
    };
    approval.decided_by.clone_from(&by.actor);
    (approval.decided_at, approval.updated_at) = (Some(now), now);
    approval.comment = decision.comment;
    approval.version += 1;
    approval.accepted_severity = decision.approved.then_some(finding.severity);
    if decision.approved && finding.status == findings::Status::AcceptedRisk {
        // It had no approval until now.
        end::end(tx, finding.id, by)?;
    }
    let accepted_severity = approval.accepted_severity.map(|severity| severity.to_string());
    let values = params![
        approval.id,
        approval.company.id,
        approval.status,
        id_or_none(by.id()),
        now,
        &approval.comment,
        approval.version,
        accepted_severity.unwrap_or_default()
    ];
    tx.execute(DECIDE, values)?;
    if decision.approved {
        accept(tx, approval, finding, context)?;
    }
    let mut event = event(tx, Kind::ApprovalDecided, approval, by);
    event.assignee_users = approval.requested_by.iter().map(|person| person.id).collect();
    put(&mut event.data, "decision", Some(approval.status));
    put(
        &mut event.data,
        "comment",
        (!approval.comment.is_empty()).then_some(&approval.comment),
    );
    tx.emit(event)?;
    Ok(())
}

/// Whether this user may decide this version of the request.
fn decidable(tx: &mut Tx<'_>, approval: &Approval, decision: &Decision, by: &By) -> Result<(), Refused> {
    let authors = authors::of(tx, approval.id)?;
    if by.id().is_some_and(|person| authors.contains(&person)) {
        return Err(Refused::forbidden(
            "Someone who neither wrote nor changed the request must decide.",
        ));
    }
    undecided(approval)?;
    if decision.version != approval.version {
        return Err(Refused::conflict(
            "The request changed after you read it. Read it again, then decide.",
        ));
    }
    if decision.approved && approval.expires_at <= tx.now() {
        return Err(Refused::conflict("The requested period has already ended."));
    }
    Ok(())
}

/// Changes the finding's status to accepted, unless it is already.
fn accept(
    tx: &mut Tx<'_>,
    approval: &Approval,
    finding: &mut Finding,
    context: Context<'_>,
) -> Result<(), Refused> {
    if finding.status == findings::Status::AcceptedRisk {
        finding.accepted_without_approval = false;
        return Ok(());
    }
    let comment = if approval.comment.is_empty() {
        &approval.reason
    } else {
        &approval.comment
    };
    let to = (findings::Status::AcceptedRisk, findings::Mover::Approval);
    findings::move_by(tx, finding, to, comment, context)
}

const UPDATE: &str = "update approvals set reason = $3, expires_at = $4, updated_at = $5, version = $6 \
     where id = $1 and company_id = $2 and status = 'requested'";

/// Changes a request: `approval.updated`, or nothing if nothing differs.
///
/// # Errors
/// 409 if it is already decided.
pub(super) fn change(tx: &mut Tx<'_>, approval: &mut Approval, new: New, by: &By) -> Result<(), Refused> {
    undecided(approval)?;
    if (&approval.reason, approval.expires_at) == (&new.reason, new.expires_at) {
        return Ok(());
    }
    (approval.reason, approval.expires_at, approval.updated_at) = (new.reason, new.expires_at, tx.now());
    approval.version += 1;
    let values = params![
        approval.id,
        approval.company.id,
        &approval.reason,
        approval.expires_at,
        approval.updated_at,
        approval.version
    ];
    tx.execute(UPDATE, values)?;
    authors::add(tx, approval.id, by)?;
    let authors = authors::of(tx, approval.id)?;
    let mut event = event(tx, Kind::ApprovalUpdated, approval, by);
    event.assignee_users = authors::deciders(tx, approval.company.id, &authors)?;
    tx.emit(event)?;
    Ok(())
}

const DELETE: &str = "delete from approvals where id = $1 and company_id = $2 and status = 'requested'";

/// Withdraws a locked request: `approval.deleted`.
///
/// # Errors
/// 409 if it is already decided: decisions are kept.
pub fn delete(tx: &mut Tx<'_>, approval: &Approval, by: &By) -> Result<(), Refused> {
    undecided(approval)?;
    tx.execute(DELETE, params![approval.id, approval.company.id])?;
    let event = event(tx, Kind::ApprovalDeleted, approval, by);
    tx.emit(event)?;
    Ok(())
}

fn undecided(approval: &Approval) -> Result<(), Refused> {
    if approval.status == Status::Requested {
        return Ok(());
    }
    Err(Refused::conflict(format!(
        "This approval is already {}.",
        approval.status
    )))
}
