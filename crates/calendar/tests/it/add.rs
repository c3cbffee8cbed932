//! Records as a test needs them, some of them earlier in their lifecycle than usual.

use access::Problem;
use base::{Id, Time};
use records::{
    By, Date, Named, Place, Settings,
    findings::{self, Context},
    projects, scans,
};
use store::{Tx, params};

use crate::world::Wanted;

pub(crate) fn place(company: &Named, project: Option<&Named>) -> Place {
    Place {
        company: company.clone(),
        project: project.cloned(),
    }
}

pub(crate) fn project(tx: &mut Tx<'_>, company: &Named, days: [Option<Date>; 2]) -> Result<Named, Problem> {
    project_in(tx, company, projects::Status::Active, days)
}

pub(crate) fn project_in(
    tx: &mut Tx<'_>,
    company: &Named,
    status: projects::Status,
    days: [Option<Date>; 2],
) -> Result<Named, Problem> {
    let [starts_on, ends_on] = days;
    let new = projects::New {
        starts_on,
        ends_on,
        ..projects::New::named("Web", status)
    };
    let project = projects::create(tx, new, company.clone(), &By::SYSTEM)?;
    Ok(Named {
        id: project.id,
        name: project.name,
    })
}

/// An agreement straight into its table: the calendar only reads it.
pub(crate) fn agreement(
    tx: &mut Tx<'_>,
    company: Id,
    status: &str,
    expires: Option<Date>,
) -> Result<Id, Problem> {
    const INSERT: &str = "insert into agreements (id, company_id, name, reference, description, status, starts_at, \
         expires_at, hours, hours_used, search, created_at, updated_at) \
         values ($1, $2, 'Frame', '', '', $3, 0, $4, -1, 0, 'frame', $5, $5)";
    let (id, now) = (tx.id(), tx.now());
    let expires = expires.map(Date::midnight).unwrap_or_default();
    tx.execute(INSERT, params![id, company, status, expires, now])?;
    Ok(id)
}

/// A risk acceptance of a finding straight into its table.
pub(crate) fn acceptance(
    tx: &mut Tx<'_>,
    company: Id,
    finding: Id,
    (status, ends): (&str, Time),
) -> Result<Id, Problem> {
    const INSERT: &str = "insert into approvals (id, company_id, finding_id, reason, status, expires_at, requested_by, \
         decided_by, decided_at, comment, created_at, updated_at) values ($1, $2, $3, '', $4, $5, '', '', 0, '', $6, $6)";
    let (id, now) = (tx.id(), tx.now());
    tx.execute(INSERT, params![id, company, finding, status, ends, now])?;
    Ok(id)
}

pub(crate) fn scan(tx: &mut Tx<'_>, place: &Place, status: scans::Status, at: Time) -> Result<Id, Problem> {
    let new = scans::New {
        name: "Nightly".to_owned(),
        tool: "Saw".to_owned(),
        status,
        scheduled_at: Some(at),
        error: String::new(),
    };
    Ok(scans::create(tx, new, place, &By::SYSTEM)?.id)
}

/// Makes a scan started at this time.
pub(crate) fn start(tx: &mut Tx<'_>, scan: Id, at: Time) -> Result<(), Problem> {
    const START: &str = "update scans set started_at = $2 where id = $1";
    tx.execute(START, params![scan, at])?;
    Ok(())
}

pub(crate) fn finding(tx: &mut Tx<'_>, place: &Place, wanted: &Wanted, users: &[Id]) -> Result<Id, Problem> {
    const SET: &str = "update findings set status = $2, sla_due_at = $3, retest_due_at = $4 where id = $1";
    let settings = Settings::default();
    let context = Context {
        settings: &settings,
        by: &By::SYSTEM,
    };
    let users = users.iter().map(|id| Named {
        id: *id,
        name: String::new(),
    });
    let new = findings::New {
        users: users.collect(),
        ..findings::New::titled("SQL injection", wanted.severity)
    };
    let id = findings::create(tx, new, place, context)?.id;
    let date = |time: Option<Time>| time.unwrap_or_default();
    tx.execute(
        SET,
        params![id, wanted.status, date(wanted.sla), date(wanted.retest)],
    )?;
    Ok(id)
}

/// Deletes every record.
pub(crate) fn clear(tx: &mut Tx<'_>) -> Result<(), Problem> {
    for table in ["findings", "scans", "projects", "agreements", "events"] {
        tx.execute(&format!("delete from {table}"), &[])?;
    }
    Ok(())
}
