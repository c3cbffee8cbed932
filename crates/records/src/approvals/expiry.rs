//! The end of approvals: when their time is over, and when their finding is opened before.

use access::Problem;
use base::{Id, Kind, Scope, Time};
use store::{Error, Select, Tx, params};

use super::{Approval, Status, change, list};
use crate::{
    By, Settings,
    findings::{self, Context},
};

const NEXT: &str = "select expires_at from approvals where status = 'approved' order by expires_at limit 1";

/// When the next approval runs out.
///
/// # Errors
/// The store's.
pub fn next_expiry(tx: &mut Tx<'_>) -> Result<Option<Time>, Error> {
    Ok(tx.one::<(Time,)>(NEXT, &[])?.map(|(at,)| at))
}

const OVER: &str = "select id, finding_id from approvals where status = 'approved' and expires_at <= $1 \
     order by expires_at, id limit $2";
const END: &str = "update approvals set status = $3, updated_at = $4 where id = $1 and company_id = $2";

/// Ends the approvals whose time is over, at most `limit` of them, and opens their findings again: `approval.expired`
/// and `finding.status_changed` for each. How many.
///
/// # Errors
/// The store's.
pub fn expire(tx: &mut Tx<'_>, settings: Settings, limit: u32) -> Result<usize, Problem> {
    let now = tx.now();
    let over: Vec<(Id, Id)> = tx.all(OVER, params![now, limit])?;
    let mut ended = 0;
    for (id, finding) in over {
        // The finding first: whoever deletes it takes the two in this order.
        let mut finding = match findings::held(tx, finding, &Scope::All) {
            // Deleted meanwhile, and the approval with it.
            Err(problem) if problem.status() == 404 => continue,
            other => other?,
        };
        let mut approval = list::held(tx, id, &Scope::All)?;
        if approval.status != Status::Approved || approval.expires_at > now {
            continue;
        }
        over_with(tx, &mut approval, Status::Expired)?;
        let mut event = change::event(tx, Kind::ApprovalExpired, &approval, &By::SYSTEM);
        event.assignee_teams = finding.teams.iter().map(|team| team.id).collect();
        event.assignee_users = finding.users.iter().map(|user| user.id).collect();
        let asked = approval.requested_by.map(|person| person.id);
        event
            .assignee_users
            .extend(asked.filter(|id| !event.assignee_users.contains(id)));
        tx.emit(event)?;
        if finding.status == findings::Status::AcceptedRisk {
            let settings = settings.of(tx, finding.place.company.id)?;
            let context = Context {
                settings: &settings,
                by: &By::SYSTEM,
            };
            let open = findings::Status::Open;
            findings::move_to(
                tx,
                &mut finding,
                open,
                "The accepted risk ran out of its time.",
                context,
            )?;
        }
        ended += 1;
    }
    Ok(ended)
}

/// Ends the approval that a finding's acceptance rested on, as the finding is opened: `approval.updated`.
///
/// # Errors
/// The store's.
pub(crate) fn end(tx: &mut Tx<'_>, finding: Id, by: &By) -> Result<(), Problem> {
    let held: Option<Approval> = Select::new(list::SELECT)
        .filter("a.finding_id = ?", Some(finding))
        .push(" and a.status = 'approved'", Vec::new())
        .one(tx)?;
    if let Some(mut approval) = held {
        over_with(tx, &mut approval, Status::Ended)?;
        let mut event = change::event(tx, Kind::ApprovalUpdated, &approval, by);
        event.assignee_users = approval.requested_by.iter().map(|person| person.id).collect();
        tx.emit(event)?;
    }
    Ok(())
}

fn over_with(tx: &mut Tx<'_>, approval: &mut Approval, status: Status) -> Result<(), Error> {
    (approval.status, approval.updated_at) = (status, tx.now());
    let values = params![approval.id, approval.company.id, status, approval.updated_at];
    tx.execute(END, values).map(drop)
}
