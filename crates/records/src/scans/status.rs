//! The lifecycle of a scan: one table of transitions.

use base::Kind;
use store::words;

words! {
    /// The status of a scan.
    pub enum Status (ScanStatus, "a scan's status") {
        /// Not started yet.
        Scheduled "scheduled",
        /// In progress.
        Running "running",
        /// Ended successfully.
        Completed "completed",
        /// Failed.
        Failed "failed",
    }
}

use Status::{Completed, Failed, Running, Scheduled};

/// The lifecycle. Each row is a status and its successors.
const TRANSITIONS: [(Status, &[Status]); 4] = [
    (Scheduled, &[Running, Completed, Failed]),
    (Running, &[Completed, Failed]),
    (Completed, &[]),
    (Failed, &[]),
];

impl Status {
    /// Those on the calendar: the scan has not ended.
    pub const AHEAD: [Self; 2] = [Scheduled, Running];

    /// Whether it has not ended.
    pub fn is_ahead(self) -> bool {
        Self::AHEAD.contains(&self)
    }

    /// Whether `to` is a successor.
    pub fn may_become(self, to: Self) -> bool {
        TRANSITIONS
            .iter()
            .any(|(from, next)| *from == self && next.contains(&to))
    }

    /// The event type of a change to this status.
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
