//! What a finding is.

use base::{Id, Severity, Time};
use formats::Details;

use super::status::Status;
use crate::{Named, Place};

/// A finding with the names of related records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: Id,
    /// The company and the project it belongs to.
    pub place: Place,
    /// The asset it is about.
    pub asset: Option<Named>,
    /// The tool that found it; empty if a user created it.
    pub tool: String,
    /// The tool's identifier for it, unique within company, project and tool; its own id for one without a tool.
    pub fingerprint: String,
    /// The tool's rule; may be empty.
    pub rule_id: String,
    /// Where it is, such as `path:line`; may be empty.
    pub location: String,
    /// Its CWE, such as `CWE-79`; may be empty.
    pub cwe: String,
    /// Its title, one line.
    pub title: String,
    /// Its description; may be empty.
    pub description: String,
    /// Further facts from the scanner.
    pub details: Details,
    /// The target of the scan reports that contain it; none for a finding without a tool, and for one of an earlier
    /// version that no scan report has matched yet.
    pub target: Option<Named>,
    /// The finding with a verdict from which it differs only in code or version.
    pub related: Option<Id>,
    /// Its severity.
    pub severity: Severity,
    /// Its status.
    pub status: Status,
    /// The scan that first found it.
    pub first_scan: Option<Id>,
    /// The scan that last found it.
    pub last_scan: Option<Id>,
    /// Its SLA deadline.
    pub sla_due_at: Option<Time>,
    /// Whether a user set that deadline, so that the SLA does not change it.
    pub sla_by_hand: bool,
    /// Its retest deadline.
    pub retest_due_at: Option<Time>,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// Whether an import closed it because the scan no longer found it.
    pub closed_by_scan: bool,
    /// Who created or imported it.
    pub created_by: Option<Id>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
    /// When it was last found.
    pub last_seen_at: Time,
    /// Since when the latest complete scan report of its target no longer contains it; none while it does, and for one
    /// that no scan report contained.
    pub gone_at: Option<Time>,
    /// Whether its risk was accepted before an approval was required.
    pub accepted_without_approval: bool,
    /// Its tags, in order.
    pub tags: Vec<String>,
    /// The assigned users, ordered by id.
    pub users: Vec<Named>,
    /// The assigned teams, ordered by id.
    pub teams: Vec<Named>,
}
