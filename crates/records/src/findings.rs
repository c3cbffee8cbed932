//! Findings: what is wrong, how bad, by when it should be gone, and who sees to it.
//!
//! Owns: the table `findings` and those around it, each change of them with its event, the lifecycle ([`Status`]).
//! Must not: parse a scanner's report; `records::import` does, and changes findings through this module only.

pub mod assignees;
pub mod bulk;
pub mod change;
pub mod comments;
mod create;
pub mod deadline;
mod delete;
pub(crate) mod due;
mod event;
pub(crate) mod evidence;
mod history;
pub mod http;
pub(crate) mod identifiers;
pub mod import;
pub mod list;
pub(crate) mod moves;
pub(crate) mod responsible;
mod row;
mod rows;
pub mod status;
mod view;

pub use assignees::assign;
pub use change::{Change, Context, change};
pub(crate) use create::record;
pub use create::{New, create};
pub use deadline::Deadline;
pub use delete::delete;
pub use history::{Changed, Move};
pub use list::{Assignee, Filter, Sort, Target, get, held, list};
pub use moves::{move_by, move_to};
pub(crate) use rows::Rows;
pub use status::{Mover, Status};
pub use view::View;

use base::{Id, Severity, Time};
use formats::Details;

use crate::{Named, Place};

/// A finding with the names around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: Id,
    /// The company and the project it belongs to.
    pub place: Place,
    /// The asset it is about.
    pub asset: Option<Named>,
    /// The tool that found it; empty for one that a person wrote down.
    pub tool: String,
    /// What the tool knows it by, unique in company, project and tool; its own id for one without a tool.
    pub fingerprint: String,
    /// The tool's rule; may be empty.
    pub rule_id: String,
    /// Where it is, such as `path:line`; may be empty.
    pub location: String,
    /// Its weakness, such as `CWE-79`; may be empty.
    pub cwe: String,
    /// What it is, in a line.
    pub title: String,
    /// What it is, at length; may be empty.
    pub description: String,
    /// What else the scanner knows about it.
    pub details: Details,
    /// What the reports that hold it cover; none for a finding without a tool, and for one of an earlier version that no
    /// report has matched yet.
    pub target: Option<Named>,
    /// The judged finding from which it differs in code or version only.
    pub related: Option<Id>,
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub status: Status,
    /// The scan that found it first.
    pub first_scan: Option<Id>,
    /// The scan that found it last.
    pub last_scan: Option<Id>,
    /// By when it should be closed.
    pub sla_due_at: Option<Time>,
    /// Whether a person set that deadline, so that the SLA days leave it alone.
    pub sla_by_hand: bool,
    /// By when it should be looked at again.
    pub retest_due_at: Option<Time>,
    /// Since when it is not open any more.
    pub closed_at: Option<Time>,
    /// Whether an import closed it, because the scan no longer found it.
    pub closed_by_scan: bool,
    /// Who wrote it down or imported it.
    pub created_by: Option<Id>,
    /// Since when it is known here.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it was last found.
    pub last_seen_at: Time,
    /// Since when the latest whole report of its target does not hold it; none while it does, or for one that no
    /// report held.
    pub gone_at: Option<Time>,
    /// Whether its risk was accepted before that needed an approval.
    pub accepted_without_approval: bool,
    /// Its tags, in their order.
    pub tags: Vec<String>,
    /// The people who see to it, in the order of their ids.
    pub users: Vec<Named>,
    /// The teams that see to it, in the order of their ids.
    pub teams: Vec<Named>,
}
