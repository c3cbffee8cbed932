//! Approvals: somebody asks that the risk of a finding be accepted until a time, and somebody else decides.
//!
//! Owns: the table `approvals` and each change of it with its event; the finding moves with a decision and with its
//! end. Must not: say what a finding may become; its lifecycle does.

mod adopt;
mod authors;
mod change;
mod expiry;
pub mod http;
mod list;
mod worse;

pub use adopt::adopt;
pub(crate) use change::event;
pub use change::{Decision, New, decide, delete, request};
pub(crate) use expiry::end;
pub use expiry::{expire, next_expiry};
pub use list::{Filter, Sort, get, held, list};
pub(crate) use worse::{answerable, got_worse};

use base::{Id, Severity, Time};

use crate::{Named, word::words};

words! {
    /// Where an approval stands.
    pub enum Status (ApprovalStatus, "an approval's status") {
        /// Nobody has decided yet.
        Requested "requested",
        /// The risk is accepted.
        Approved "approved",
        /// The risk is not accepted.
        Rejected "rejected",
        /// It was approved and its time is over.
        Expired "expired",
        /// It was approved and the finding was opened again before its time.
        Ended "ended",
        /// The risk was accepted before that needed an approval; it holds until its end.
        Unapproved "unapproved",
    }
}

impl Status {
    /// Those on which an acceptance rests, as a list of literals: the partial indexes say the same words.
    pub const HOLDING_SQL: &'static str = "('approved', 'unapproved')";

    /// Whether an acceptance rests on it.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Approved | Self::Unapproved)
    }
}

/// A request to accept the risk of a finding, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: Id,
    /// The company it is about.
    pub company: Named,
    /// The finding, by its title.
    pub finding: Named,
    /// How bad the finding is.
    pub severity: Severity,
    /// Why the risk should be accepted.
    pub reason: String,
    /// Where it stands.
    pub status: Status,
    /// Until when the risk is accepted.
    pub expires_at: Time,
    /// Who asks; none once they are gone.
    pub requested_by: Option<Named>,
    /// Who decided.
    pub decided_by: Option<Named>,
    /// When it was decided.
    pub decided_at: Option<Time>,
    /// What was said to the decision; may be empty.
    pub comment: String,
    /// When it was asked for.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// How often it was written: a decision names the one it read.
    pub version: i64,
    /// How severe the finding was when its risk was accepted.
    pub accepted_severity: Option<Severity>,
}

impl Approval {
    /// Whether the finding is more severe now than what was accepted.
    pub fn outgrown(&self) -> bool {
        self.status.holds()
            && self
                .accepted_severity
                .is_some_and(|accepted| self.severity > accepted)
    }
}
