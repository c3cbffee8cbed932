//! The life of a scan: one table of what may follow what.

use std::{fmt, str::FromStr};

use base::Kind;
use serde::{Deserialize, Serialize};
use store::{FromValue, Value};

/// Where a scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ScanStatus)]
pub enum Status {
    /// It is to start at some time.
    Scheduled,
    /// It is going on.
    Running,
    /// It ended well.
    Completed,
    /// It did not.
    Failed,
}

use Status::{Completed, Failed, Running, Scheduled};

/// The lifecycle. A row is a status and what may follow it.
const TRANSITIONS: [(Status, &[Status]); 4] = [
    (Scheduled, &[Running, Completed, Failed]),
    (Running, &[Completed, Failed]),
    (Completed, &[]),
    (Failed, &[]),
];

impl Status {
    /// All of them, in the order of a scan's life.
    pub const ALL: [Self; 4] = [Scheduled, Running, Completed, Failed];

    /// Those of the calendar: the scan is yet to end.
    pub const AHEAD: [Self; 2] = [Scheduled, Running];

    /// Whether it is yet to end.
    pub fn is_ahead(self) -> bool {
        Self::AHEAD.contains(&self)
    }

    /// Whether `to` may follow it.
    pub fn may_become(self, to: Self) -> bool {
        TRANSITIONS
            .iter()
            .any(|(from, next)| *from == self && next.contains(&to))
    }

    /// What happened when a scan came to stand here.
    pub const fn kind(self) -> Kind {
        match self {
            Scheduled => Kind::ScanScheduled,
            Running => Kind::ScanStarted,
            Completed => Kind::ScanCompleted,
            Failed => Kind::ScanFailed,
        }
    }

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Scheduled => "scheduled",
            Running => "running",
            Completed => "completed",
            Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| "it is not one of scheduled, running, completed, failed".to_owned())
    }
}

impl FromValue for Status {
    const WHAT: &'static str = "a scan's status";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl From<Status> for Value {
    fn from(status: Status) -> Self {
        Self::Text(status.name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_statuses_is_decided() {
        let table = [
            (Scheduled, ".xxx"),
            (Running, "..xx"),
            (Completed, "...."),
            (Failed, "...."),
        ];
        assert_eq!(table.len(), Status::ALL.len());
        for (from, row) in table {
            for (to, cell) in Status::ALL.into_iter().zip(row.chars()) {
                assert_eq!(from.may_become(to), cell == 'x', "{from} to {to}");
            }
            assert_eq!(from.name().parse(), Ok(from));
            assert_eq!(from.is_ahead(), from.may_become(Failed), "{from}");
        }
    }
}
