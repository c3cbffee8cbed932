//! How long a finding may stay open: days for each severity, for everyone or a company's own; and when to warn.
//!
//! Owns: the days and the resulting deadline, the table `sla_days`, the [`warnings`] before it, and the handlers of
//! both. Must not: know which findings exist; a change of the days applies to deadlines calculated after it.

pub mod http;
pub mod ladder;
pub mod warnings;

pub use ladder::Ladder;
pub use warnings::Warnings;

use std::{collections::BTreeSet, time::Duration};

use base::{Id, Severity, Time};
use serde::{Deserialize, Serialize};
use store::{Error, Select, Tx, params, rows};

use crate::findings::status::Status;

/// Maximum number of days: ten years.
pub const MAX_DAYS: u32 = 3650;

/// Days for each severity; 0 means no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SlaDefaultDays)]
#[expect(missing_docs, reason = "the names are the severities")]
pub struct Days {
    pub informational: u32,
    pub low: u32,
    pub medium: u32,
    pub high: u32,
    pub critical: u32,
    pub urgent: u32,
}

impl Default for Days {
    fn default() -> Self {
        Self {
            informational: 0,
            low: 180,
            medium: 90,
            high: 30,
            critical: 7,
            urgent: 2,
        }
    }
}

impl Days {
    /// The days of a severity.
    pub const fn of(&self, severity: Severity) -> u32 {
        match severity {
            Severity::Informational => self.informational,
            Severity::Low => self.low,
            Severity::Medium => self.medium,
            Severity::High => self.high,
            Severity::Critical => self.critical,
            Severity::Urgent => self.urgent,
        }
    }

    /// The deadline of a finding with that severity that was created at `created`, if any.
    pub fn deadline(&self, severity: Severity, created: Time) -> Option<Time> {
        match self.of(severity) {
            0 => None,
            days => Some(created.after(days_long(days))),
        }
    }
}

/// This many days of 24 hours.
pub(crate) fn days_long(days: u32) -> Duration {
    Duration::from_hours(24 * u64::from(days))
}

/// A company's values instead of the settings' days; null uses the settings' value, 0 means no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SlaDays)]
#[expect(missing_docs, reason = "the names are the severities")]
pub struct Overrides {
    #[schema(maximum = 3650)]
    pub informational: Option<u32>,
    #[schema(maximum = 3650)]
    pub low: Option<u32>,
    #[schema(maximum = 3650)]
    pub medium: Option<u32>,
    #[schema(maximum = 3650)]
    pub high: Option<u32>,
    #[schema(maximum = 3650)]
    pub critical: Option<u32>,
    #[schema(maximum = 3650)]
    pub urgent: Option<u32>,
}

impl Overrides {
    /// These if they are set, else those of `days`.
    pub fn over(self, days: Days) -> Days {
        Days {
            informational: self.informational.unwrap_or(days.informational),
            low: self.low.unwrap_or(days.low),
            medium: self.medium.unwrap_or(days.medium),
            high: self.high.unwrap_or(days.high),
            critical: self.critical.unwrap_or(days.critical),
            urgent: self.urgent.unwrap_or(days.urgent),
        }
    }

    const fn slot(&mut self, severity: Severity) -> &mut Option<u32> {
        match severity {
            Severity::Informational => &mut self.informational,
            Severity::Low => &mut self.low,
            Severity::Medium => &mut self.medium,
            Severity::High => &mut self.high,
            Severity::Critical => &mut self.critical,
            Severity::Urgent => &mut self.urgent,
        }
    }
}

const OVERRIDES: &str = "select severity, days from sla_days where company_id = $1";

/// The company's values.
///
/// # Errors
/// The store's.
pub fn overrides(tx: &mut Tx<'_>, company: Id) -> Result<Overrides, Error> {
    let mut overrides = Overrides::default();
    for (severity, days) in tx.all::<(Severity, u32)>(OVERRIDES, params![company])? {
        *overrides.slot(severity) = Some(days);
    }
    Ok(overrides)
}

const HELD: &str = "select id from companies where id = $1";
const CLEAR: &str = "delete from sla_days where company_id = $1";
const SET: &str = "insert into sla_days (company_id, severity, days) values ($1, $2, $3)
    on conflict (company_id, severity) do update set days = excluded.days";

/// Sets the company's values instead of the settings' days, and returns the previous ones; calculated deadlines stay
/// unchanged.
///
/// # Errors
/// The store's.
pub fn set(tx: &mut Tx<'_>, company: Id, mut overrides: Overrides) -> Result<Overrides, Error> {
    // One after another: two concurrent changes would each leave the other's rows, which they do not see.
    let held = format!("{HELD}{}", tx.for_update("companies"));
    tx.one::<(Id,)>(&held, params![company])?;
    let before = self::overrides(tx, company)?;
    tx.execute(CLEAR, params![company])?;
    for severity in Severity::ALL {
        if let Some(days) = *overrides.slot(severity) {
            tx.execute(SET, params![company, severity, days])?;
        }
    }
    Ok(before)
}

/// Which of these findings of the company are open and, if a time is given, still due at it: an earlier message about
/// them is still valid.
///
/// # Errors
/// The store's.
pub fn standing(
    tx: &mut Tx<'_>,
    company: Id,
    findings: &[(Id, Option<Time>)],
) -> Result<BTreeSet<Id>, Error> {
    const STATUS: &str = "select id, status, sla_due_at from findings where 1 = 1";
    let mut standing = BTreeSet::new();
    for chunk in rows::portions(findings) {
        let rows: Vec<(Id, Status, Time)> = Select::new(STATUS)
            .filter("company_id = ?", Some(company))
            .within("id", chunk.iter().map(|(id, _)| *id))
            .all(tx)?;
        for (id, status, due_at) in rows {
            let holds = |(finding, deadline): &(Id, Option<Time>)| {
                *finding == id && deadline.is_none_or(|deadline| deadline == due_at)
            };
            if status.is_open() && chunk.iter().any(holds) {
                standing.insert(id);
            }
        }
    }
    Ok(standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_some_days_after_the_start_and_none_for_zero() {
        let created: Time = "2026-01-01T12:00:00Z".parse().unwrap();
        let due = |days: Days, severity| days.deadline(severity, created).map(|due| due.to_string());
        let days = Days::default();
        assert_eq!(due(days, Severity::Informational), None);
        for (severity, expected) in [
            (Severity::Low, "2026-06-30T12:00:00Z"),
            (Severity::Medium, "2026-04-01T12:00:00Z"),
            (Severity::High, "2026-01-31T12:00:00Z"),
            (Severity::Critical, "2026-01-08T12:00:00Z"),
            (Severity::Urgent, "2026-01-03T12:00:00Z"),
        ] {
            assert_eq!(due(days, severity).as_deref(), Some(expected), "{severity}");
        }
        let own = Overrides {
            urgent: Some(0),
            informational: Some(3),
            ..Overrides::default()
        };
        let days = own.over(days);
        assert_eq!(due(days, Severity::Urgent), None);
        assert_eq!(
            due(days, Severity::Informational).as_deref(),
            Some("2026-01-04T12:00:00Z")
        );
        assert_eq!(days.high, 30);
    }
}
