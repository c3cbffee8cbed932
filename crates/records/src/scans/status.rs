//! The life of a scan: one table of what may follow what.

use base::Kind;

use crate::word::words;

words! {
    /// Where a scan stands.
    pub enum Status (ScanStatus, "a scan's status") {
        /// It is to start at some time.
        Scheduled "scheduled",
        /// It is going on.
        Running "running",
        /// It ended well.
        Completed "completed",
        /// It did not.
        Failed "failed",
    }
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
            for (to, cell) in Status::ALL.iter().copied().zip(row.chars()) {
                assert_eq!(from.may_become(to), cell == 'x', "{from} to {to}");
            }
            assert_eq!(from.name().parse(), Ok(from));
            assert_eq!(from.is_ahead(), from.may_become(Failed), "{from}");
        }
    }
}
