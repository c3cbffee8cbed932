//! Status changes of a finding, each with its one event.

use base::{Kind, Time};
use serde_json::json;
use store::Tx;

use super::{
    change::{self, Context},
    due, event,
    finding::Finding,
    history, identifiers,
    responsible::ByRule,
    row,
    rows::Rows,
    status::{Mover, Status},
};
use crate::{By, Refused, Settings, approvals::end, sla};

/// Changes a finding's status: `finding.reopened` if that reopens it, else `finding.status_changed`, and a line in its
/// history. One that is reopened without assignees is assigned by the first matching ownership rule.
///
/// # Errors
/// 409 if the lifecycle does not allow it to a user, or to an import ([`By::scan`]).
pub fn move_to(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    to: Status,
    comment: &str,
    context: Context<'_>,
) -> Result<(), Refused> {
    move_by(tx, finding, (to, mover(context.by)), comment, context)
}

const fn mover(by: &By) -> Mover {
    if by.scan.is_some() {
        Mover::Scan
    } else {
        Mover::Person
    }
}

/// The same for an approval: its decision and its end.
///
/// # Errors
/// 409 if the lifecycle does not allow it to that mover.
pub fn move_by(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    (to, mover): (Status, Mover),
    comment: &str,
    context: Context<'_>,
) -> Result<(), Refused> {
    let rules = if opens((finding.status, to)) && finding.users.is_empty() && finding.teams.is_empty() {
        ByRule::of(tx, finding.place.company.id)?
    } else {
        ByRule::default()
    };
    let mut rows = Rows::default();
    step(tx, finding, (to, mover), (comment, &rules, &mut rows), context)?;
    Ok(rows.write(tx)?)
}

/// The same as [`move_to`] for one of many, with the ownership rules of its company: what can be written together goes
/// to the rows.
///
/// # Errors
/// As for [`move_to`].
pub(crate) fn move_one(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    to: Status,
    details: (&str, &ByRule, &mut Rows),
    context: Context<'_>,
) -> Result<(), Refused> {
    step(tx, finding, (to, mover(context.by)), details, context)
}

/// Whether a step reopens a closed finding, for whatever reason.
fn opens((from, to): (Status, Status)) -> bool {
    !from.is_open() && to.is_open()
}

/// The event type of a step.
pub(super) fn kind_of(step: (Status, Status)) -> Kind {
    if opens(step) {
        Kind::FindingReopened
    } else {
        Kind::FindingStatusChanged
    }
}

fn step(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    (to, mover): (Status, Mover),
    (comment, rules, rows): (&str, &ByRule, &mut Rows),
    context: Context<'_>,
) -> Result<(), Refused> {
    let from = finding.status;
    allowed(from, to, mover)?;
    let now = tx.now();
    finding.status = to;
    finding.updated_at = now;
    finding.closed_at = (!to.is_open()).then_some(now);
    // An acceptance that ends closes only a finding that no scan report contains any more.
    finding.closed_by_scan = to == Status::Closed && mover != Mover::Person;
    finding.accepted_without_approval = false;
    finding.retest_due_at = retest_due(finding.retest_due_at, (from, to), now, context.settings);
    row::update(tx, finding, due::next_check(finding, context.settings))?;
    if from == Status::AcceptedRisk {
        end::end(tx, finding.id, context.by)?;
    }
    let changes = if opens((from, to)) {
        rules.assign_with(finding, rows)
    } else {
        None
    };
    let mut event = event::of(tx, kind_of((from, to)), finding, context.by);
    event.data.insert("from_status".to_owned(), json!(from));
    if !comment.is_empty() {
        event.data.insert("comment".to_owned(), json!(comment));
    }
    let changes = changes.map_or_else(Vec::new, |rule| {
        event::assigned(&mut event, finding, (&Vec::new(), &Vec::new()), Some(rule))
    });
    let step = history::Step {
        moved: Some((from, to)),
        comment,
        changes: &changes,
    };
    rows.step(history::row(tx, &event, &step, context.by));
    rows.emit(event);
    Ok(())
}

/// Whether the lifecycle allows this mover to do it.
///
/// # Errors
/// 409, and for a risk accepted without an approval the way to request one.
pub(super) fn allowed(from: Status, to: Status, mover: Mover) -> Result<(), Refused> {
    if from.may_become(to, mover) {
        return Ok(());
    }
    if to == Status::AcceptedRisk && mover == Mover::Person {
        return Err(Refused::conflict(
            "A risk can only be accepted through an approved request with an expiry: POST /approvals.",
        ));
    }
    Err(Refused::conflict(format!(
        "The status of a finding cannot change from {from} to {to}."
    )))
}

/// A requested retest gets a date, unless a future one is set, and loses it if the fix did not work.
fn retest_due(due: Option<Time>, step: (Status, Status), now: Time, settings: &Settings) -> Option<Time> {
    match step {
        (_, Status::Retest) => due
            .filter(|due| *due > now)
            .or_else(|| Some(now.after(sla::days_long(settings.retest_days)))),
        (Status::Retest, to) if to.is_open() => None,
        (from, to) if !from.is_open() && to.is_open() => None,
        _ => due,
    }
}

/// Restores a finding to its state before an import that is undone: `finding.reopened` or `finding.status_changed` if
/// the status changes, else `finding.severity_changed` or `finding.updated`. Nobody is assigned: the previous state is
/// restored. Returns whether anything changed.
///
/// # Errors
/// The store's.
pub(crate) fn restore(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    mut before: Finding,
    context: Context<'_>,
) -> Result<bool, Refused> {
    let differing = change::differences(finding, &before);
    let moved = (finding.status != before.status).then_some((finding.status, before.status));
    before.updated_at = tx.now();
    row::update(tx, &before, due::next_check(&before, context.settings))?;
    identifiers::write(tx, &before)?;
    if moved.is_none() && differing.is_empty() {
        *finding = before;
        return Ok(false);
    }
    let kind = moved.map_or_else(|| change::kind_of(finding, &before), kind_of);
    let mut event = event::of(tx, kind, &before, context.by);
    if let Some((from, _)) = moved {
        event.data.insert("from_status".to_owned(), json!(from));
    }
    if !differing.is_empty() {
        change::name_changes(&mut event, &differing);
    }
    let step = history::Step {
        moved,
        changes: &differing,
        comment: "the import was undone",
    };
    history::add(tx, &event, &step, context.by)?;
    tx.emit(event)?;
    *finding = before;
    Ok(true)
}
