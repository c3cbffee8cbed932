//! The current state of a company, or of all that a user may see: counts, and the last thirty days.
//!
//! Owns: the statements that count. Must not: have a table of its own, or define what is open; [`Status`] does.
//!
//! Each statement is answered from an index, one company after another, so that it stays fast with a hundred thousand
//! findings.

pub mod http;

use base::{Id, Scope, Severity, Time};
use jiff::tz::TimeZone;
use serde::Serialize;
use store::{Error, Select, Tx};

use crate::{
    Date, Refused, approvals,
    findings::{Deadline, Status},
    scans,
};

/// How many days the trend goes back, including today.
pub const DAYS: usize = 30;

/// The counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Dashboard {
    /// Open findings by severity: all six, most severe first.
    pub open: Vec<OfSeverity>,
    /// Open findings without assignees.
    pub unassigned: u64,
    /// Open findings by their deadline.
    pub sla: Sla,
    /// The last 30 days including today, oldest first.
    pub trend: Vec<Day>,
    /// Scans that have not ended.
    pub scans: Scans,
    /// Approvals that are not decided.
    pub approvals_waiting: u64,
}

/// The number of open findings with a severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DashboardSeverity)]
pub struct OfSeverity {
    /// Their severity.
    pub severity: Severity,
    /// How many there are.
    pub count: u64,
}

/// The number of open findings by deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DashboardSla)]
pub struct Sla {
    /// It has passed.
    pub breached: u64,
    /// It comes within seven days from now.
    pub due_in_7_days: u64,
}

/// The changes of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DashboardDay)]
pub struct Day {
    /// The day, in the requested time zone.
    pub date: Date,
    /// Findings created on it.
    pub opened: u64,
    /// Findings closed on it that are still closed.
    pub closed: u64,
    /// Findings that existed at its end and were not closed by then; reopened ones count as open all along.
    pub open: u64,
}

/// The number of scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = DashboardScans)]
pub struct Scans {
    /// Running.
    pub running: u64,
    /// Scheduled.
    pub scheduled: u64,
}

/// The records that are counted.
#[derive(Debug, Clone)]
pub struct Selection {
    /// What the caller may see.
    pub scope: Scope,
    /// Only those of this company.
    pub company: Option<Id>,
}

impl Selection {
    /// Only rows of these companies. Every index begins with the company, so for an unrestricted scope all are listed.
    fn narrow(&self, select: Select, column: &str) -> Select {
        match (&self.scope, self.company) {
            (Scope::All, None) => select.push(
                &format!(" and {column} in (select id from companies)"),
                Vec::new(),
            ),
            (scope, None) => select.scope(column, scope),
            // A single condition: for two, SQLite would choose the index that serves both.
            (scope, Some(company)) => select.within(column, scope.allows(company).then_some(company)),
        }
    }

    fn count(&self, tx: &mut Tx<'_>, select: Select, column: &str) -> Result<u64, Error> {
        let found: Option<(u64,)> = self.narrow(select, column).one(tx)?;
        Ok(found.map_or(0, |(count,)| count))
    }
}

/// The current state; days are days in this zone.
///
/// # Errors
/// The store's.
pub fn read(tx: &mut Tx<'_>, selection: &Selection, zone: &TimeZone) -> Result<Dashboard, Refused> {
    let (open, unassigned) = open(tx, selection)?;
    let total = open.iter().map(|one| one.count).sum();
    Ok(Dashboard {
        sla: sla(tx, selection)?,
        trend: trend(tx, selection, zone, total)?,
        scans: Scans {
            running: scans_with_status(tx, selection, scans::Status::Running)?,
            scheduled: scans_with_status(tx, selection, scans::Status::Scheduled)?,
        },
        approvals_waiting: approvals_waiting(tx, selection)?,
        open,
        unassigned,
    })
}

/// The open findings of each severity, and how many of them have no assignees. Each count is a range of the index:
/// grouping the findings of several companies would sort them first.
fn open(tx: &mut Tx<'_>, selection: &Selection) -> Result<(Vec<OfSeverity>, u64), Error> {
    let mut select = Select::new("with kinds (severity, assigned) as (values ");
    for (index, severity) in Severity::ALL.into_iter().rev().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let row =
            format!("{comma}(cast(? as text), cast(0 as bigint)), (cast(? as text), cast(1 as bigint))");
        select = select.push(&row, vec![severity.into(), severity.into()]);
    }
    let count = format!(
        ") select k.severity, k.assigned, (select count(*) from findings f where f.status in {} \
         and f.severity = k.severity and f.assigned = k.assigned",
        Status::OPEN_SQL
    );
    let counts: Vec<(Severity, bool, u64)> = selection
        .narrow(select.push(&count, Vec::new()), "f.company_id")
        .push(") from kinds k", Vec::new())
        .all(tx)?;
    let of = |severity| {
        let of_it = counts.iter().filter(|(of, ..)| *of == severity);
        of_it.map(|(.., count)| count).sum()
    };
    let open = Severity::ALL.into_iter().rev().map(|severity| OfSeverity {
        severity,
        count: of(severity),
    });
    let unassigned = counts.iter().filter(|(_, assigned, _)| !assigned);
    Ok((open.collect(), unassigned.map(|(.., count)| count).sum()))
}

fn sla(tx: &mut Tx<'_>, selection: &Selection) -> Result<Sla, Error> {
    let mut count = |deadline: Deadline| {
        let select = Select::new("select count(*) from findings f where 1 = 1");
        selection.count(tx, deadline.narrow(select, tx.now()), "f.company_id")
    };
    Ok(Sla {
        breached: count(Deadline::Breached)?,
        due_in_7_days: count(Deadline::DueIn7Days)?,
    })
}

fn scans_with_status(tx: &mut Tx<'_>, selection: &Selection, status: scans::Status) -> Result<u64, Error> {
    let select = Select::new("select count(*) from scans s where 1 = 1").filter("s.status = ?", Some(status));
    selection.count(tx, select, "s.company_id")
}

/// The status is a literal, as in the partial index.
fn approvals_waiting(tx: &mut Tx<'_>, selection: &Selection) -> Result<u64, Error> {
    let select = Select::new(&format!(
        "select count(*) from approvals p where p.status = '{}'",
        approvals::Status::Requested.name()
    ));
    selection.count(tx, select, "p.company_id")
}

/// The last days, from the number of findings that are open now: each day is calculated from the one after it.
fn trend(tx: &mut Tx<'_>, selection: &Selection, zone: &TimeZone, open_now: u64) -> Result<Vec<Day>, Error> {
    let days = Date::of_zone(tx.now(), zone).last(DAYS);
    let counts: Vec<(u64, u64)> = counted(selection, &days, zone).all(tx)?;
    let mut open = open_now;
    let mut trend: Vec<Day> = Vec::with_capacity(DAYS);
    for (date, (opened, closed)) in days.into_iter().zip(counts).rev() {
        trend.push(Day {
            date,
            opened,
            closed,
            open,
        });
        open = (open + closed).saturating_sub(opened);
    }
    trend.reverse();
    Ok(trend)
}

/// The statement that counts what was created and closed on each of these days. A day lasts from its first instant in
/// the zone to that of the next, whatever its number of hours.
fn counted(selection: &Selection, days: &[Date], zone: &TimeZone) -> Select {
    let mut select = Select::new("with days (day, since, until) as (values ");
    for (index, day) in days.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let row = format!("{comma}(cast(? as bigint), cast(? as bigint), cast(? as bigint))");
        let (since, until): (Time, Time) = (day.begins(zone), day.next().begins(zone));
        select = select.push(&row, vec![index.into(), since.into(), until.into()]);
    }
    let created =
        ") select (select count(*) from findings f where f.created_at >= d.since and f.created_at < d.until";
    let closed = "), (select count(*) from findings f where f.closed_at > 0 and f.closed_at >= d.since \
         and f.closed_at < d.until";
    let select = selection.narrow(select.push(created, Vec::new()), "f.company_id");
    let select = selection.narrow(select.push(closed, Vec::new()), "f.company_id");
    select.push(") from days d order by d.day", Vec::new())
}
