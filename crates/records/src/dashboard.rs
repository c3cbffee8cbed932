//! What a program looks like now, in counts, and how it came there.
//!
//! Owns: the counts of a scope. Must not: know a record's fields, or change anything.

pub mod http;

use access::Problem;
use base::{Id, Scope, Severity, Time};
use jiff::tz::TimeZone;
use serde::Serialize;
use store::{Error, Select, Tx};

use crate::{Date, findings::Status};

/// How many days the trend has, today the last.
pub const DAYS: i64 = 30;

/// A deadline is near for so long before it.
const NEAR: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// In nanoseconds: every zone's midnight begins a quarter of an hour.
const QUARTER: i64 = 15 * 60 * 1_000_000_000;

/// The counts of what the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Dashboard {
    /// The open findings of each severity, the worst first, also those with none.
    pub open: Vec<OpenCount>,
    /// Open findings that nobody sees to.
    pub unassigned: i64,
    /// Open findings by their SLA deadline.
    pub sla: SlaCounts,
    /// The last 30 days in the zone asked for, today the last.
    pub trend: Vec<TrendDay>,
    /// Scans that are not over.
    pub scans: ScanTotals,
    /// Approvals that wait for a decision.
    pub approvals_waiting: i64,
}

/// How many findings of a severity are open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OpenCount {
    /// The severity.
    pub severity: Severity,
    /// How many.
    pub count: i64,
}

/// Open findings by their SLA deadline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SlaCounts {
    /// Past it.
    pub breached: i64,
    /// Within seven days of it.
    pub due_in_7_days: i64,
}

/// A day of the trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TrendDay {
    /// Which.
    pub date: Date,
    /// Findings that became known that day.
    pub opened: i64,
    /// Findings that are closed since that day.
    pub closed: i64,
    /// Findings known by its end and not closed by it; those opened again count as open all along.
    pub open: i64,
}

/// Scans that are not over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ScanTotals {
    /// Under way.
    pub running: i64,
    /// To come.
    pub scheduled: i64,
}

/// Whose records count: those of a scope, or of one company of it.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The companies one may see.
    pub scope: &'a Scope,
    /// The one that is asked for.
    pub company: Option<Id>,
}

impl Whose<'_> {
    fn narrow(self, select: Select, column: &str) -> Select {
        let one = format!("{column} = ?");
        select.scope(column, self.scope).filter(&one, self.company)
    }
}

/// The dashboard.
///
/// # Errors
/// The store's.
pub fn read(tx: &mut Tx<'_>, whose: Whose<'_>, zone: &TimeZone, now: Time) -> Result<Dashboard, Problem> {
    let (open, sla) = open(tx, whose, now)?;
    let all: i64 = open.iter().map(|one| one.count).sum();
    Ok(Dashboard {
        unassigned: all - assigned(tx, whose)?,
        trend: trend(tx, whose, zone, now, all)?,
        scans: ScanTotals {
            running: count(tx, "scans", "running", whose)?,
            scheduled: count(tx, "scans", "scheduled", whose)?,
        },
        approvals_waiting: count(tx, "approvals", "requested", whose)?,
        open,
        sla,
    })
}

/// The open findings by severity, and by deadline.
fn open(tx: &mut Tx<'_>, whose: Whose<'_>, now: Time) -> Result<(Vec<OpenCount>, SlaCounts), Error> {
    let head = format!(
        "select severity, count(*), count(case when sla_due_at > 0 and sla_due_at <= ? then 1 end), \
         count(case when sla_due_at > ? and sla_due_at <= ? then 1 end) \
         from findings where status in {}",
        Status::OPEN_SQL
    );
    let times = vec![now.into(), now.into(), now.after(NEAR).into()];
    let rows: Vec<(Severity, i64, i64, i64)> = whose
        .narrow(Select::new("").push(&head, times), "company_id")
        .push(" group by severity", Vec::new())
        .all(tx)?;
    let mut severities = Severity::ALL;
    severities.reverse();
    let of = |severity| rows.iter().find(|row| row.0 == severity).map_or(0, |row| row.1);
    let counts = severities.map(|severity| OpenCount {
        severity,
        count: of(severity),
    });
    let sla = SlaCounts {
        breached: rows.iter().map(|row| row.2).sum(),
        due_in_7_days: rows.iter().map(|row| row.3).sum(),
    };
    Ok((counts.into(), sla))
}

/// How many open findings somebody sees to: there are fewer of those than of the others.
fn assigned(tx: &mut Tx<'_>, whose: Whose<'_>) -> Result<i64, Error> {
    let select = format!(
        "select count(*) from (select finding_id from finding_users union select finding_id from finding_teams) a \
         join findings f on f.id = a.finding_id where f.status in {}",
        Status::OPEN_SQL
    );
    one(tx, &whose.narrow(Select::new(&select), "f.company_id"))
}

/// The rows of a table in a status. Both are words of this file.
fn count(tx: &mut Tx<'_>, table: &str, status: &str, whose: Whose<'_>) -> Result<i64, Error> {
    let select = format!("select count(*) from {table} where status = '{status}'");
    one(tx, &whose.narrow(Select::new(&select), "company_id"))
}

fn one(tx: &mut Tx<'_>, select: &Select) -> Result<i64, Error> {
    Ok(select.one::<(i64,)>(tx)?.map_or(0, |(count,)| count))
}

fn trend(
    tx: &mut Tx<'_>,
    whose: Whose<'_>,
    zone: &TimeZone,
    now: Time,
    open: i64,
) -> Result<Vec<TrendDay>, Error> {
    let today = Date::of_zone(now, zone);
    let dates: Vec<Date> = (0..DAYS).rev().map(|ago| today.before(ago)).collect();
    let begins: Vec<Time> = dates.iter().map(|date| date.begins(zone)).collect();
    let opened = by_day(tx, "created_at", whose, &begins)?;
    let closed = by_day(tx, "closed_at", whose, &begins)?;
    let mut open = open;
    let mut days: Vec<TrendDay> = dates
        .into_iter()
        .zip(opened.into_iter().zip(closed))
        .rev()
        .map(|(date, (opened, closed))| {
            let day = TrendDay {
                date,
                opened,
                closed,
                open,
            };
            open += closed - opened;
            day
        })
        .collect();
    days.reverse();
    Ok(days)
}

/// How many findings have a time of this column on each day; the last day has no end.
fn by_day(tx: &mut Tx<'_>, column: &str, whose: Whose<'_>, begins: &[Time]) -> Result<Vec<i64>, Error> {
    let first = begins.first().map_or(0, |time| time.nanos());
    let head = format!("select ({column} - ?) / {QUARTER}, count(*) from findings where {column} >= ?");
    let quarters: Vec<(i64, i64)> = whose
        .narrow(
            Select::new("").push(&head, vec![first.into(), first.into()]),
            "company_id",
        )
        .push(" group by 1", Vec::new())
        .all(tx)?;
    let mut counts = vec![0; begins.len()];
    for (quarter, count) in quarters {
        let at = first + quarter * QUARTER;
        let day = begins.partition_point(|begin| begin.nanos() <= at);
        if let Some(slot) = counts.get_mut(day.saturating_sub(1)) {
            *slot += count;
        }
    }
    Ok(counts)
}
