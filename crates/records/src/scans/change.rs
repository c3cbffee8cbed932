//! The changes of a scan, each with its one event.

use base::{Kind, Time};
use serde_json::json;
use store::{Error, Tx, Value, params};

use super::{event, scan::Scan, status::Status};
use crate::{
    By, Named, Place, Refused,
    column::{id_or_none, time_or_none},
    differ::{names, set},
    text,
};

/// A scan to create.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a scan")]
pub struct New {
    pub name: String,
    pub tool: String,
    pub status: Status,
    pub scheduled_at: Option<Time>,
    pub error: String,
}

/// What may change about a scan; none leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of a scan")]
pub struct Change {
    pub project: Option<Option<Named>>,
    pub name: Option<String>,
    pub tool: Option<String>,
    pub status: Option<Status>,
    pub scheduled_at: Option<Option<Time>>,
    pub error: Option<String>,
}

const INSERT: &str = "insert into scans (id, company_id, project_id, name, tool, status, scheduled_at, started_at, \
     finished_at, counts, error, search, updated_at, report, created_by, created_at) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const UPDATE: &str = "update scans set project_id = $3, name = $4, tool = $5, status = $6, scheduled_at = $7, \
     started_at = $8, finished_at = $9, counts = $10, error = $11, search = $12, updated_at = $13, report = $14 \
     where id = $1 and company_id = $2";

/// Creates a scan: `scan.scheduled`, `scan.started`, `scan.completed` or `scan.failed`, depending on its status.
///
/// # Errors
/// 422 for a scheduled scan without a time.
pub fn create(tx: &mut Tx<'_>, new: New, place: &Place, by: &By) -> Result<Scan, Refused> {
    let (id, now) = (tx.id(), tx.now());
    let mut scan = Scan {
        id,
        place: place.clone(),
        name: new.name,
        tool: new.tool,
        status: new.status,
        scheduled_at: new.scheduled_at,
        started_at: None,
        finished_at: None,
        counts: None,
        report: None,
        undone_at: None,
        error: new.error,
        created_by: by.id(),
        created_at: now,
        updated_at: now,
    };
    stamp(&mut scan, now)?;
    let mut values = values(&scan);
    values.extend_from_slice(params![id_or_none(scan.created_by), scan.created_at]);
    tx.execute(INSERT, &values)?;
    let created = event::of(tx, scan.status.kind(), &scan, by);
    tx.emit(created)?;
    Ok(scan)
}

/// Changes a scan: the event of its new status, `scan.updated` if the status stays the same, or nothing if nothing
/// differs. Returns whether it changed.
///
/// # Errors
/// 409 for a status that is not allowed; 422 for a scheduled scan without a time.
pub fn change(tx: &mut Tx<'_>, scan: &mut Scan, change: Change, by: &By) -> Result<bool, Refused> {
    let before = scan.clone();
    set(&mut scan.place.project, change.project);
    set(&mut scan.name, change.name);
    set(&mut scan.tool, change.tool);
    set(&mut scan.status, change.status);
    set(&mut scan.scheduled_at, change.scheduled_at);
    set(&mut scan.error, change.error);
    let fields = differences(&before, scan);
    if fields.is_empty() {
        return Ok(false);
    }
    write(tx, &before, scan)?;
    let kind = if before.status == scan.status {
        Kind::ScanUpdated
    } else {
        scan.status.kind()
    };
    let mut changed = event::of(tx, kind, scan, by);
    changed.data.insert("changed".to_owned(), json!(fields));
    tx.emit(changed)?;
    Ok(true)
}

/// Writes a scan that was `before`, if the transition is allowed.
pub(super) fn write(tx: &mut Tx<'_>, before: &Scan, scan: &mut Scan) -> Result<(), Refused> {
    let (from, to, now) = (before.status, scan.status, tx.now());
    if from != to && !from.may_become(to) {
        return Err(Refused::conflict(format!(
            "The status of a scan cannot change from {from} to {to}."
        )));
    }
    stamp(scan, now)?;
    scan.updated_at = now;
    match tx.execute(UPDATE, &values(scan))? {
        1 => Ok(()),
        _ => Err(Error::Fault("a scan that was read no longer exists").into()),
    }
}

/// Sets the times for a new status.
fn stamp(scan: &mut Scan, now: Time) -> Result<(), Refused> {
    match scan.status {
        Status::Scheduled if scan.scheduled_at.is_none() => {
            return Err(Refused::field("scheduled_at", "is required for a scheduled scan"));
        }
        Status::Scheduled => {}
        Status::Running => {
            scan.started_at.get_or_insert(now);
        }
        Status::Completed | Status::Failed => {
            scan.finished_at.get_or_insert(now);
        }
    }
    Ok(())
}

// The indexes leave out '', and SQLite must see that the value is not ''.
const FORGET_FIRST: &str =
    "update findings set first_scan_id = '' where first_scan_id = $1 and first_scan_id <> ''";
const FORGET_LAST: &str =
    "update findings set last_scan_id = '' where last_scan_id = $1 and last_scan_id <> ''";
const DELETE: &str = "delete from scans where id = $1 and company_id = $2";

/// Deletes a scan: `scan.deleted`. Its findings are kept without a reference to it.
///
/// # Errors
/// 409 while it is running: its import would have no scan.
pub fn delete(tx: &mut Tx<'_>, scan: &Scan, by: &By) -> Result<(), Refused> {
    if scan.status == Status::Running {
        return Err(Refused::conflict("A running scan cannot be deleted."));
    }
    tx.execute(FORGET_FIRST, params![scan.id])?;
    tx.execute(FORGET_LAST, params![scan.id])?;
    tx.execute(DELETE, params![scan.id, scan.place.company.id])?;
    let deleted = event::of(tx, Kind::ScanDeleted, scan, by);
    tx.emit(deleted)?;
    Ok(())
}

fn differences(before: &Scan, after: &Scan) -> Vec<&'static str> {
    let project = |scan: &Scan| scan.place.project.as_ref().map(|project| project.id);
    names([
        ("project_id", project(before) != project(after)),
        ("name", before.name != after.name),
        ("tool", before.tool != after.tool),
        ("status", before.status != after.status),
        ("scheduled_at", before.scheduled_at != after.scheduled_at),
        ("error", before.error != after.error),
    ])
}

/// The values of `$1` to `$14` of both statements.
fn values(scan: &Scan) -> Vec<Value> {
    let counts = scan.counts.and_then(|counts| serde_json::to_string(&counts).ok());
    let report = scan
        .report
        .as_ref()
        .and_then(|report| serde_json::to_string(report).ok());
    params![
        scan.id,
        scan.place.company.id,
        id_or_none(scan.place.project.as_ref().map(|project| project.id)),
        &scan.name,
        &scan.tool,
        scan.status,
        time_or_none(scan.scheduled_at),
        time_or_none(scan.started_at),
        time_or_none(scan.finished_at),
        counts.unwrap_or_default(),
        &scan.error,
        text::searched(&[&scan.name, &scan.tool]),
        scan.updated_at,
        report.unwrap_or_default(),
    ]
    .to_vec()
}
