//! Limits on reports (promise U3).
//!
//! Owns: what a user and a company may request per day, and how much space the reports of a company may use. Must not:
//! delete one; [`Retention`](super::Retention) does.

use std::time::Duration;

use crate::Refused;

use base::{Id, Time};
use store::{Error, Tx, params};

/// How many times the limit of one user a company has.
const COMPANY: u32 = 10;

/// The period in which they are counted.
const DAY: Duration = Duration::from_hours(24);

/// When to retry: space and count are freed gradually.
const RETRY_AFTER: Duration = Duration::from_hours(1);

/// Limits on reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many one user may request in 24 hours; a company has ten times as many.
    pub per_day: u32,
    /// How many bytes those of a company may use together.
    pub stored: u64,
    /// After how long the file of a report is deleted; zero for never.
    pub retention: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_day: 100,
            stored: 2_000_000_000,
            retention: Duration::from_hours(24 * 90),
        }
    }
}

const OF_PERSON: &str = "select count(*) from reports where created_by = $1 and id >= $2";
const OF_COMPANY: &str = "select count(*) from reports where company_id = $1 and id >= $2";

/// Whether this user may request one more for this company.
///
/// # Errors
/// 429.
pub(super) fn check(
    tx: &mut Tx<'_>,
    (company, person): (Id, Option<Id>),
    limits: &Limits,
) -> Result<(), Refused> {
    let since = first_id(tx.now().before(DAY));
    let mut counted = |sql: &str, id: Id| {
        let found: Option<(i64,)> = tx.one(sql, params![id, since])?;
        Ok::<_, Error>(found.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
    };
    if let Some(person) = person
        && counted(OF_PERSON, person)? >= u64::from(limits.per_day)
    {
        let detail = format!(
            "You have requested {} reports in 24 hours. Try again later.",
            limits.per_day
        );
        return Err(Refused::busy(RETRY_AFTER, detail));
    }
    let of_company = limits.per_day.saturating_mul(COMPANY);
    if counted(OF_COMPANY, company)? >= u64::from(of_company) {
        let detail =
            format!("{of_company} reports of this company were requested in 24 hours. Try again later.");
        return Err(Refused::busy(RETRY_AFTER, detail));
    }
    match room(tx, company, limits)? {
        Ok(()) => Ok(()),
        Err(words) => Err(Refused::busy(RETRY_AFTER, words)),
    }
}

const STORED: &str =
    "select cast(coalesce(sum(size), 0) as bigint) from reports where company_id = $1 and status = 'ready'";

/// Whether there is space for one more report of the company; if not, the reason.
pub(super) fn room(tx: &mut Tx<'_>, company: Id, limits: &Limits) -> Result<Result<(), String>, Error> {
    let stored: Option<(i64,)> = tx.one(STORED, params![company])?;
    let stored = stored.map_or(0, |(bytes,)| u64::try_from(bytes).unwrap_or(0));
    if stored < limits.stored {
        return Ok(Ok(()));
    }
    Ok(Err(format!(
        "The reports of this company take up {} MB, and no more may be stored. Delete some of them.",
        stored / 1_000_000
    )))
}

/// The smallest id of this time.
fn first_id(at: Time) -> Id {
    Id::from_parts(at.millis(), [0; 10])
}
