//! The clock's warnings about risk acceptances that are about to expire.
//!
//! Owns: `approval_steps`, the record of these warnings. Must not: end an acceptance; `approvals` does when it expires.

use std::time::Duration;

use base::{Event, Id, Kind, Scope, Time};
use store::{Error, FromRow, Row, Select, Tx, params};

use super::source::{self, Source};
use crate::{
    By, Refused,
    approvals::{self, Approval},
    findings::{self, Finding},
    sla::Ladder,
};

/// Risk acceptances among the clock's sources.
pub(super) const SOURCE: Source = Source {
    name: "acceptances",
    concerns: |kind| matches!(kind, Kind::ApprovalDecided),
    next: |tx, _| next(tx),
    act: |tx, _, limit| act(tx, limit),
    postpone: None,
};

/// Days before the expiry.
const DAYS: [u32; 3] = [14, 3, 1];
/// The first step.
const FIRST: Duration = Duration::from_hours(24 * DAYS[0] as u64);
/// The last step, in hours.
const LAST: u32 = 24 * DAYS[2];

fn ladder() -> Ladder {
    Ladder::before(DAYS.map(|days| 24 * days))
}

/// An acceptance with warnings left.
struct Near {
    id: Id,
    finding: Id,
    expires_at: Time,
    announced: Option<u32>,
}

impl FromRow for Near {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get(0)?,
            finding: row.get(1)?,
            expires_at: row.get(2)?,
            announced: row.get(3)?,
        })
    }
}

const NEAR: &str = "select a.id, a.finding_id, a.expires_at, s.step from approvals a \
     join findings f on f.id = a.finding_id \
     left join approval_steps s on s.approval_id = a.id and s.deadline = a.expires_at \
     where a.status in ('approved', 'unapproved') and f.gone_at = 0";

/// Valid ones whose first step has come and whose last warning was not sent. One whose finding is gone is left out: its
/// expiry closes the finding, so there is nothing to decide.
fn near(tx: &mut Tx<'_>) -> Result<Vec<Near>, Error> {
    let now = tx.now();
    Select::new(NEAR)
        .filter("a.expires_at > ?", Some(now))
        .filter("a.expires_at <= ?", Some(now.after(FIRST)))
        .filter("(s.step is null or s.step > ?)", Some(LAST))
        .push(" order by a.expires_at, a.id", Vec::new())
        .all(tx)
}

const FAR: &str = "select a.expires_at from approvals a where a.status in ('approved', 'unapproved')";

fn next(tx: &mut Tx<'_>) -> Result<Option<Time>, Error> {
    let (now, ladder) = (tx.now(), ladder());
    let mut next = None;
    for Near {
        expires_at,
        announced,
        ..
    } in near(tx)?
    {
        if ladder.due(expires_at, now, announced).is_some() {
            return Ok(Some(now));
        }
        next = next
            .into_iter()
            .chain(ladder.next(expires_at, now, announced))
            .min();
    }
    let far: Option<(Time,)> = Select::new(FAR)
        .filter("a.expires_at > ?", Some(now.after(FIRST)))
        .push(" order by a.expires_at limit 1", Vec::new())
        .one(tx)?;
    Ok(next
        .into_iter()
        .chain(far.map(|(expires_at,)| expires_at.before(FIRST)))
        .min())
}

/// Notifies the assignees of the findings and those responsible for the acceptances.
fn act(tx: &mut Tx<'_>, limit: u32) -> Result<usize, Refused> {
    let (now, ladder) = (tx.now(), ladder());
    let mut done = 0;
    for near in near(tx)? {
        let Some(step) = ladder.due(near.expires_at, now, near.announced) else {
            continue;
        };
        if done == limit as usize {
            break;
        }
        done += 1;
        // The finding first: a deletion locks the two in this order.
        let finding = match findings::get_for_update(tx, near.finding, &Scope::All) {
            Err(Refused::NotFound) => continue,
            other => other?,
        };
        let approval = approvals::get_for_update(tx, near.id, &Scope::All)?;
        if !approval.status.holds() || !remember(tx, &near, step, now)? {
            continue;
        }
        let event = expiring(tx, &approval, &finding, (step, now))?;
        tx.emit(event)?;
    }
    Ok(done)
}

const REMEMBER: &str = "insert into approval_steps (approval_id, deadline, step, told_at) values ($1, $2, $3, $4) \
     on conflict (approval_id, deadline) do update set step = excluded.step, told_at = excluded.told_at \
     where approval_steps.step > excluded.step";

/// Records the warning; returns whether it was not recorded before.
fn remember(tx: &mut Tx<'_>, near: &Near, step: u32, now: Time) -> Result<bool, Error> {
    Ok(tx.execute(REMEMBER, params![near.id, near.expires_at, step, now])? == 1)
}

fn expiring(
    tx: &mut Tx<'_>,
    approval: &Approval,
    finding: &Finding,
    (step, now): (u32, Time),
) -> Result<Event, Error> {
    let mut event = approvals::event(tx, Kind::ApprovalExpiring, approval, &By::SYSTEM);
    event.assignee_teams = finding.teams.iter().map(|team| team.id).collect();
    event.assignee_users = finding.users.iter().map(|user| user.id).collect();
    for person in approvals::answerable(tx, approval)? {
        if !event.assignee_users.contains(&person) {
            event.assignee_users.push(person);
        }
    }
    source::describe(&mut event, approval.expires_at, step, now);
    Ok(event)
}
