//! The changes of a report, each with its one event.

use base::{Event, Kind, Subject, SubjectType};
use serde_json::json;
use store::{Error, Tx, params};

use super::report::{Contents, Format, Report, Status};
use crate::{
    By, Place, Refused,
    by::{self, put},
    column::id_or_none,
    text,
};

/// A report to request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Its name, one line.
    pub name: String,
    /// Its file format.
    pub format: Format,
    /// Which findings it contains.
    pub contents: Contents,
}

const INSERT: &str = "insert into reports (id, company_id, project_id, name, format, filter, status, findings, size, \
     error, claimed_at, created_by, search, created_at, updated_at, finished_at) \
     values ($1, $2, $3, $4, $5, $6, $7, 0, 0, '', 0, $8, $9, $10, $10, 0)";

/// Requests a report: `report.requested`.
///
/// # Errors
/// The store's.
pub fn request(tx: &mut Tx<'_>, new: New, place: &Place, by: &By) -> Result<Report, Refused> {
    let (id, now) = (tx.id(), tx.now());
    let report = Report {
        id,
        place: place.clone(),
        name: new.name,
        format: new.format,
        contents: new.contents,
        status: Status::Pending,
        findings: 0,
        size: 0,
        error: String::new(),
        created_by: by.actor.clone(),
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    let values = params![
        id,
        place.company.id,
        id_or_none(place.project.as_ref().map(|project| project.id)),
        &report.name,
        report.format,
        json!(report.contents).to_string(),
        report.status,
        id_or_none(by.id()),
        text::searched(&[&report.name]),
        now
    ];
    tx.execute(INSERT, values)?;
    emit(tx, Kind::ReportRequested, &report, by)?;
    Ok(report)
}

const RENAME: &str =
    "update reports set name = $3, search = $4, updated_at = $5 where id = $1 and company_id = $2";

/// Renames a locked report: `report.updated`, or nothing if it already has the name.
///
/// # Errors
/// The store's.
pub fn rename(tx: &mut Tx<'_>, report: &mut Report, name: String, by: &By) -> Result<(), Refused> {
    if report.name == name {
        return Ok(());
    }
    (report.name, report.updated_at) = (name, tx.now());
    let values = params![
        report.id,
        report.place.company.id,
        &report.name,
        text::searched(&[&report.name]),
        report.updated_at
    ];
    tx.execute(RENAME, values)?;
    let mut event = event(tx, Kind::ReportUpdated, report, by);
    event.data.insert("changed".to_owned(), json!(["name"]));
    tx.emit(event)?;
    Ok(())
}

const DELETE: &str = "delete from reports where id = $1 and company_id = $2";

/// Deletes a locked report, even one that is being generated: `report.deleted`.
///
/// # Errors
/// The store's.
pub fn delete(tx: &mut Tx<'_>, report: &Report, by: &By) -> Result<(), Refused> {
    tx.execute(DELETE, params![report.id, report.place.company.id])?;
    emit(tx, Kind::ReportDeleted, report, by)?;
    Ok(())
}

const FINISH: &str = "update reports set status = $3, findings = $4, size = $5, error = $6, finished_at = $7, \
     updated_at = $7 where id = $1 and company_id = $2";

/// Ends generating a report: `report.ready` or `report.failed`, for the requester.
pub(super) fn finish(tx: &mut Tx<'_>, report: &Report) -> Result<(), Error> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let values = params![
        report.id,
        report.place.company.id,
        report.status,
        count(report.findings),
        count(report.size),
        &report.error,
        tx.now()
    ];
    tx.execute(FINISH, values)?;
    let kind = if report.status == Status::Ready {
        Kind::ReportReady
    } else {
        Kind::ReportFailed
    };
    let mut event = event(tx, kind, report, &By::SYSTEM);
    event.assignee_users = report.created_by.iter().map(|person| person.id).collect();
    put(
        &mut event.data,
        "error",
        (!report.error.is_empty()).then_some(&report.error),
    );
    tx.emit(event)
}

const EXPIRE: &str = "update reports set status = $3, updated_at = $4 where id = $1 and company_id = $2";

/// Releases the file of a locked report: `report.updated`. Its parts are deleted afterwards.
pub(super) fn expire(tx: &mut Tx<'_>, mut report: Report) -> Result<(), Error> {
    (report.status, report.updated_at) = (Status::Expired, tx.now());
    let values = params![
        report.id,
        report.place.company.id,
        report.status,
        report.updated_at
    ];
    tx.execute(EXPIRE, values)?;
    let mut event = event(tx, Kind::ReportUpdated, &report, &By::SYSTEM);
    event.data.insert("changed".to_owned(), json!(["status"]));
    tx.emit(event)
}

fn emit(tx: &mut Tx<'_>, kind: Kind, report: &Report, by: &By) -> Result<(), Error> {
    let event = event(tx, kind, report, by);
    tx.emit(event)
}

fn event(tx: &Tx<'_>, kind: Kind, report: &Report, by: &By) -> Event {
    let subject = Subject {
        kind: SubjectType::Report,
        id: report.id,
    };
    let mut event = by::event(tx, kind, subject, &report.place, by);
    put(&mut event.data, "report_id", Some(report.id));
    put(&mut event.data, "title", Some(&report.name));
    put(&mut event.data, "status", Some(report.status));
    put(&mut event.data, "format", Some(report.format));
    event
}
