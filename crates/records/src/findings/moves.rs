//! The moves of a finding from one status to another, each with its one event.

use access::Problem;
use base::{Kind, Time};
use serde_json::json;
use store::Tx;

use super::{
    Context, Finding, Mover, Status, change, due, event, history, identifiers, responsible::ByRule, row,
    rows::Rows,
};
use crate::{By, Settings, approvals, sla};

/// Moves a finding to another status: `finding.reopened` where that opens it again, else `finding.status_changed`, and a
/// line in its history. One that opens without assignees is assigned to those whom the first matching ownership rule
/// names.
///
/// # Errors
/// 409 where the lifecycle does not allow it to a person, or to an import ([`By::scan`]).
pub fn move_to(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    to: Status,
    comment: &str,
    context: Context<'_>,
) -> Result<(), Problem> {
    move_by(tx, finding, (to, mover(context.by)), comment, context)
}

const fn mover(by: &By) -> Mover {
    if by.scan.is_some() {
        Mover::Scan
    } else {
        Mover::Person
    }
}

/// The same by a mover who is neither: an approval, its decision and its end.
///
/// # Errors
/// 409 where the lifecycle does not allow it to that mover.
pub fn move_by(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    (to, mover): (Status, Mover),
    comment: &str,
    context: Context<'_>,
) -> Result<(), Problem> {
    let rules = if opens((finding.status, to)) && finding.users.is_empty() && finding.teams.is_empty() {
        ByRule::of(tx, finding.place.company.id)?
    } else {
        ByRule::default()
    };
    let mut rows = Rows::default();
    step(tx, finding, (to, mover), (comment, &rules, &mut rows), context)?;
    Ok(rows.write(tx)?)
}

/// The same as [`move_to`] for one of many, with the ownership rules of its company: what can be written together for all
/// of them goes to the rows.
///
/// # Errors
/// As for [`move_to`].
pub(crate) fn move_one(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    to: Status,
    said: (&str, &ByRule, &mut Rows),
    context: Context<'_>,
) -> Result<(), Problem> {
    step(tx, finding, (to, mover(context.by)), said, context)
}

/// Whether a step opens what was closed, for whatever reason.
fn opens((from, to): (Status, Status)) -> bool {
    !from.is_open() && to.is_open()
}

/// What a step is called.
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
) -> Result<(), Problem> {
    let from = finding.status;
    allowed(from, to, mover)?;
    let now = tx.now();
    finding.status = to;
    finding.updated_at = now;
    finding.closed_at = (!to.is_open()).then_some(now);
    // An acceptance that ends closes only what no report holds any more.
    finding.closed_by_scan = to == Status::Closed && mover != Mover::Person;
    finding.accepted_without_approval = false;
    finding.retest_due_at = retest_due(finding.retest_due_at, (from, to), now, context.settings);
    row::update(tx, finding, due::look(finding, context.settings))?;
    if from == Status::AcceptedRisk {
        approvals::end(tx, finding.id, context.by)?;
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

/// Whether the lifecycle lets this mover do it.
///
/// # Errors
/// 409, and where a risk is to be accepted without an approval the way that leads there.
pub(super) fn allowed(from: Status, to: Status, mover: Mover) -> Result<(), Problem> {
    if from.may_become(to, mover) {
        return Ok(());
    }
    if to == Status::AcceptedRisk && mover == Mover::Person {
        return Err(Problem::conflict(
            "A risk is accepted only by an approved request with an end: POST /approvals.",
        ));
    }
    Err(Problem::conflict(format!(
        "A finding that is {from} cannot become {to}."
    )))
}

/// A retest gets a date when it is asked for, unless one is set that is still to come, and loses it when the fix did
/// not hold.
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

/// Puts a finding back to what it was before an import that is undone: `finding.reopened` or `finding.status_changed`
/// where that moves it, else `finding.severity_changed` or `finding.updated`. Nobody is assigned: it is as it was. Whether
/// anything changed.
///
/// # Errors
/// The store's.
pub(crate) fn restore(
    tx: &mut Tx<'_>,
    finding: &mut Finding,
    mut before: Finding,
    context: Context<'_>,
) -> Result<bool, Problem> {
    let differing = change::differences(finding, &before);
    let moved = (finding.status != before.status).then_some((finding.status, before.status));
    before.updated_at = tx.now();
    row::update(tx, &before, due::look(&before, context.settings))?;
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
