//! The scan of an import: it starts, and it completes or fails.

use std::collections::BTreeSet;

use base::{Id, Scope};
use serde_json::json;
use store::Tx;

use super::{
    change::{self, New},
    event, list,
    numbers::UndoCounts,
    scan::{Counts, Report, Scan},
    status::Status,
};
use crate::{By, MAX_LINE, MAX_TITLE, Place, Refused, by::put};

/// Starts the scan of an import from this tool: `scan.started`.
///
/// # Errors
/// The store's.
pub fn start(tx: &mut Tx<'_>, tool: &str, place: &Place, by: &By) -> Result<Scan, Refused> {
    let new = New {
        name: base::text::line(&format!("{tool} report"), MAX_TITLE),
        tool: base::text::line(tool, MAX_LINE),
        status: Status::Running,
        scheduled_at: None,
        error: String::new(),
    };
    change::create(tx, new, place, by)
}

/// Completes a running scan: `scan.completed` with its counts by severity, which notifies these users and teams, and
/// the actor. One that is already completed stays unchanged.
///
/// # Errors
/// 404 if it was deleted, 409 if it failed in the meantime.
pub fn complete(
    tx: &mut Tx<'_>,
    scan: Id,
    (counts, report): (Counts, Report),
    (users, teams): (&BTreeSet<Id>, &BTreeSet<Id>),
    by: &By,
) -> Result<Scan, Refused> {
    let before = list::get_for_update(tx, scan, &Scope::All)?;
    if before.status == Status::Completed {
        return Ok(before);
    }
    let mut scan = before.clone();
    scan.status = Status::Completed;
    scan.counts = Some(counts);
    let recipients: BTreeSet<Id> = users
        .iter()
        .copied()
        .chain(scan.created_by)
        .chain(by.id())
        .collect();
    let people: Vec<Id> = recipients.into_iter().collect();
    let teams: Vec<Id> = teams.iter().copied().collect();
    scan.report = Some(Report {
        people: people.clone(),
        teams: teams.clone(),
        ..report
    });
    change::write(tx, &before, &mut scan)?;
    let mut completed = event::of(tx, scan.status.kind(), &scan, by);
    if let Some(report) = &scan.report {
        let severities = &report.severities;
        completed.data.insert("severities".to_owned(), json!(severities));
        put(&mut completed.data, "worst", severities.worst());
    }
    completed.assignee_users = people;
    completed.assignee_teams = teams;
    tx.emit(completed)?;
    Ok(scan)
}

/// Fails a running scan: `scan.failed`. One that has ended or was deleted stays unchanged.
///
/// # Errors
/// The store's.
pub fn fail(tx: &mut Tx<'_>, scan: Id, error: &str, by: &By) -> Result<(), Refused> {
    let before = match list::get_for_update(tx, scan, &Scope::All) {
        Ok(scan) if scan.status.is_ahead() => scan,
        Ok(_) | Err(Refused::NotFound) => return Ok(()),
        Err(problem) => return Err(problem),
    };
    let mut scan = before.clone();
    scan.status = Status::Failed;
    scan.error = base::text::line(error, MAX_LINE);
    change::write(tx, &before, &mut scan)?;
    let failed = event::of(tx, scan.status.kind(), &scan, by);
    tx.emit(failed)?;
    Ok(())
}

/// Announces that the import of a scan was undone: `scan.updated`, for everyone who was notified of its end.
///
/// # Errors
/// The store's.
pub(crate) fn undone(tx: &mut Tx<'_>, scan: &Scan, counts: UndoCounts, by: &By) -> Result<(), Refused> {
    let by = By {
        scan: None,
        ..by.clone()
    };
    let mut event = event::of(tx, base::Kind::ScanUpdated, scan, &by);
    if let Some(report) = &scan.report {
        event.assignee_users.clone_from(&report.people);
        event.assignee_teams.clone_from(&report.teams);
    }
    event.data.insert("undone".to_owned(), json!(counts));
    tx.emit(event)?;
    Ok(())
}
