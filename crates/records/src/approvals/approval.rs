//! What an approval is.

use base::{Id, Severity, Time};
use store::words;

use crate::Named;

words! {
    /// The status of an approval.
    pub enum Status (ApprovalStatus, "an approval's status") {
        /// Not decided yet.
        Requested "requested",
        /// The risk is accepted.
        Approved "approved",
        /// The risk is not accepted.
        Rejected "rejected",
        /// It was approved and has expired.
        Expired "expired",
        /// It was approved and the finding was reopened before it expired.
        Ended "ended",
        /// The risk was accepted before an approval was required; valid until it expires.
        Unapproved "unapproved",
    }
}

impl Status {
    /// Those with an accepted risk, as a list of literals: the partial indexes use the same ones.
    pub const HOLDING_SQL: &'static str = "('approved', 'unapproved')";

    /// Whether the risk is accepted.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Approved | Self::Unapproved)
    }
}

/// A request to accept the risk of a finding, and its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: Id,
    /// The company it is about.
    pub company: Named,
    /// The finding, by its title.
    pub finding: Named,
    /// The finding's severity.
    pub severity: Severity,
    /// Why the risk should be accepted.
    pub reason: String,
    /// Its status.
    pub status: Status,
    /// Until when the risk is accepted.
    pub expires_at: Time,
    /// The requester; none if deleted.
    pub requested_by: Option<Named>,
    /// Who decided.
    pub decided_by: Option<Named>,
    /// When it was decided.
    pub decided_at: Option<Time>,
    /// The comment on the decision; may be empty.
    pub comment: String,
    /// When it was requested.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
    /// Counts its changes: a decision refers to the version that was read.
    pub version: i64,
    /// The finding's severity when its risk was accepted.
    pub accepted_severity: Option<Severity>,
}

impl Approval {
    /// Whether the finding is now more severe than the accepted one.
    pub fn outgrown(&self) -> bool {
        self.status.holds()
            && self
                .accepted_severity
                .is_some_and(|accepted| self.severity > accepted)
    }
}
