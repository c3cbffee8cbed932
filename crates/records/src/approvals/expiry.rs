//! The end of approvals: when they expire, and when their finding is reopened before.

use base::{Id, Kind, Scope, Time};
use store::{Error, Tx, params};

use super::{
    approval::{Approval, Status},
    end::finish,
    event::event as event_of,
    list, worse,
};
use crate::{
    By, Refused, Settings,
    findings::{self, Context, Finding},
};

const NEXT: &str = "select expires_at from approvals where status in ('approved', 'unapproved') \
     order by expires_at limit 1";

/// When the next approval expires.
///
/// # Errors
/// The store's.
pub fn next_expiry(tx: &mut Tx<'_>) -> Result<Option<Time>, Error> {
    Ok(tx.one::<(Time,)>(NEXT, &[])?.map(|(at,)| at))
}

const OVER: &str = "select id, finding_id from approvals where status in ('approved', 'unapproved') and expires_at <= $1 \
     order by expires_at, id limit $2";

/// Ends the approvals that have expired, at most `limit` of them, and reopens their findings: `approval.expired` and
/// `finding.reopened` for each. A finding that the latest scan report no longer contains is closed instead, without an
/// alarm: `approval.updated` and `finding.status_changed`. Returns how many.
///
/// # Errors
/// The store's.
pub fn expire(tx: &mut Tx<'_>, settings: Settings, limit: u32) -> Result<usize, Refused> {
    let now = tx.now();
    let over: Vec<(Id, Id)> = tx.all(OVER, params![now, limit])?;
    let mut ended = 0;
    for (id, finding) in over {
        // The finding first: a deletion locks the two in this order.
        let mut finding = match findings::get_for_update(tx, finding, &Scope::All) {
            // Deleted in the meantime, with its approval.
            Err(Refused::NotFound) => continue,
            other => other?,
        };
        let mut approval = list::get_for_update(tx, id, &Scope::All)?;
        if !approval.status.holds() || approval.expires_at > now {
            continue;
        }
        finish(tx, &mut approval, Status::Expired)?;
        let accepted = finding.status == findings::Status::AcceptedRisk;
        let (to, comment) = match finding.gone_at {
            Some(_) if accepted => (findings::Status::Closed, GONE),
            _ => (findings::Status::Open, EXPIRED),
        };
        announce(tx, &approval, &finding, to)?;
        if accepted {
            let settings = settings.of(tx, finding.place.company.id)?;
            let context = Context {
                settings: &settings,
                by: &By::SYSTEM,
            };
            let by_approval = (to, findings::Mover::Approval);
            findings::move_by(tx, &mut finding, by_approval, comment, context)?;
        }
        ended += 1;
    }
    Ok(ended)
}

const EXPIRED: &str = "The risk acceptance expired.";
const GONE: &str = "The risk acceptance expired, and the latest scan report no longer contains this finding.";

/// Notifies the assignees and those responsible for the acceptance, unless the finding is closed.
fn announce(
    tx: &mut Tx<'_>,
    approval: &Approval,
    finding: &Finding,
    to: findings::Status,
) -> Result<(), Error> {
    if to == findings::Status::Closed {
        let event = event_of(tx, Kind::ApprovalUpdated, approval, &By::SYSTEM);
        return tx.emit(event);
    }
    let mut event = event_of(tx, Kind::ApprovalExpired, approval, &By::SYSTEM);
    event.assignee_teams = finding.teams.iter().map(|team| team.id).collect();
    event.assignee_users = finding.users.iter().map(|user| user.id).collect();
    let asked = match &approval.requested_by {
        Some(person) => vec![person.id],
        None => worse::answerable(tx, approval)?,
    };
    for person in asked {
        if !event.assignee_users.contains(&person) {
            event.assignee_users.push(person);
        }
    }
    tx.emit(event)
}
