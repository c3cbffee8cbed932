//! The lifecycle of a finding: one table of transitions.
//!
//! Owns: the statuses, [`Status::is_open`] (the one definition that deadlines, the calendar and lists use) and the
//! transitions. Must not: touch the database.

store::words! {
    /// The status of a finding.
    pub enum Status (FindingStatus, "a status") {
        /// Not in progress yet.
        Open "open",
        /// In progress.
        InProgress "in_progress",
        /// Reported as fixed; needs to be verified.
        Retest "retest",
        /// Fixed, or gone from the latest scan.
        Closed "closed",
        /// Not going to be fixed; the risk is accepted.
        AcceptedRisk "accepted_risk",
        /// Not a problem.
        FalsePositive "false_positive",
        /// Another finding covers the same problem.
        Duplicate "duplicate",
    }
}

use Status::{AcceptedRisk, Closed, Duplicate, FalsePositive, InProgress, Open, Retest};

/// Who changes the status of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    /// A user, step by step.
    Person,
    /// An import: it closes what a scan report no longer contains, reopens what one contains again, and returns to work
    /// what is still found after it was reported as fixed.
    Scan,
    /// The decision on an approval, and its end: nothing else accepts a risk.
    Approval,
}

/// A status and its successors: by a user, by an import, by an approval.
type Row = (Status, &'static [Status], &'static [Status], &'static [Status]);

/// The lifecycle.
const TRANSITIONS: [Row; 7] = [
    (
        Open,
        &[InProgress, FalsePositive, Duplicate],
        &[Closed],
        &[AcceptedRisk],
    ),
    (
        InProgress,
        &[Retest, Open, FalsePositive, Duplicate],
        &[Closed],
        &[AcceptedRisk],
    ),
    (
        Retest,
        &[Closed, InProgress, FalsePositive, Duplicate],
        &[Closed, InProgress],
        &[AcceptedRisk],
    ),
    (Closed, &[Open], &[Open], &[]),
    // It ends open, or closed if the finding is gone.
    (AcceptedRisk, &[Open], &[], &[Open, Closed]),
    (FalsePositive, &[Open], &[], &[]),
    (Duplicate, &[Open], &[], &[]),
];

impl Status {
    /// The open ones, for SQL; [`is_open`](Self::is_open) is based on it.
    pub const OPEN: [Self; 3] = [Open, InProgress, Retest];

    /// The same as a list of literals, as in the partial indexes of the open ones: a database uses such an index only
    /// for a statement with the same literals.
    pub const OPEN_SQL: &'static str = "('open', 'in_progress', 'retest')";

    /// Whether it still needs work.
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }

    /// Whether a user has made a final decision: a scan report neither opens nor closes it.
    pub fn is_verdict(self) -> bool {
        !self.is_open() && self != Closed
    }

    /// Its successors.
    pub fn next(self, mover: Mover) -> &'static [Self] {
        TRANSITIONS
            .iter()
            .find(|(from, ..)| *from == self)
            .map_or(&[], |(_, person, scan, approval)| match mover {
                Mover::Person => person,
                Mover::Scan => scan,
                Mover::Approval => approval,
            })
    }

    /// Whether `to` is a successor.
    pub fn may_become(self, to: Self, mover: Mover) -> bool {
        self.next(mover).contains(&to)
    }

    /// Whether a user who sets this status needs a reason.
    pub const fn needs_reason(self) -> bool {
        matches!(self, FalsePositive | Duplicate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: H1
    #[test]
    fn every_pair_of_statuses_is_decided() {
        // A row for each status, a column for each successor in the order of ALL: p by a person, s by a scan, b by both,
        // a by an approval, e by an approval or a person.
        let table = [
            (Open, ".p.sapp"),
            (InProgress, "p.psapp"),
            (Retest, ".b.bapp"),
            (Closed, "b......"),
            (AcceptedRisk, "e..a..."),
            (FalsePositive, "p......"),
            (Duplicate, "p......"),
        ];
        assert_eq!(table.len(), Status::ALL.len());
        for (from, row) in table {
            for (to, cell) in Status::ALL.into_iter().zip(row.chars()) {
                let by = |mover| from.may_become(to, mover);
                assert_eq!(
                    by(Mover::Person),
                    matches!(cell, 'p' | 'b' | 'e'),
                    "{from} to {to}"
                );
                assert_eq!(
                    by(Mover::Scan),
                    matches!(cell, 's' | 'b'),
                    "{from} to {to} by a scan"
                );
                assert_eq!(
                    by(Mover::Approval),
                    matches!(cell, 'a' | 'e'),
                    "{from} to {to} by an approval"
                );
            }
        }
    }

    // promise: K4
    #[test]
    fn open_statuses_have_successors_and_others_only_lead_back() {
        for status in Status::ALL {
            assert_eq!(status.name().parse(), Ok(status));
            assert!(!status.may_become(status, Mover::Person), "{status} to itself");
            if !status.is_open() {
                assert_eq!(status.next(Mover::Person), [Open], "{status}");
            }
        }
        assert_eq!(
            Status::ALL.into_iter().filter(|status| status.is_open()).count(),
            3
        );
        assert!("Open".parse::<Status>().is_err());
        let names: Vec<_> = Status::OPEN
            .into_iter()
            .map(|status| format!("'{status}'"))
            .collect();
        assert_eq!(Status::OPEN_SQL, format!("({})", names.join(", ")));
    }
}
