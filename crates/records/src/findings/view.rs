//! A finding as the API answers it.

use base::{Id, Severity, Time};
use serde::Serialize;

use super::{Finding, Mover, Status};
use crate::{Named, text::given};

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Finding)]
pub struct View {
    /// Its id.
    pub id: Id,
    /// The company it belongs to.
    pub company_id: Id,
    /// That company's name.
    pub company_name: String,
    /// The project it belongs to.
    pub project_id: Option<Id>,
    /// That project's name.
    pub project_name: Option<String>,
    /// The asset it is about.
    pub asset_id: Option<Id>,
    /// That asset's name.
    pub asset_name: Option<String>,
    /// The scan that found it last.
    pub scan_id: Option<Id>,
    /// What it is, in a line.
    pub title: String,
    /// What it is, at length; may be empty.
    pub description: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub status: Status,
    /// Where it is, such as `path:line`.
    pub location: Option<String>,
    /// The tool's rule.
    pub rule_id: Option<String>,
    /// The tool that found it.
    pub tool: Option<String>,
    /// Its weakness, such as `CWE-79`.
    pub cwe: Option<String>,
    /// By when it should be closed.
    pub sla_due_at: Option<Time>,
    /// By when it should be looked at again.
    pub retest_due_at: Option<Time>,
    /// Since when it is not open any more.
    pub closed_at: Option<Time>,
    /// Since when it is known here.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it was last found.
    pub last_seen_at: Time,
    /// Since when the latest whole report of its target does not hold it; null while it does.
    pub gone_at: Option<Time>,
    /// Whether its risk was accepted before that needed an approval: somebody should request one.
    pub accepted_without_approval: bool,
    /// Who sees to it.
    pub assignees: Assignees,
    /// The statuses a person can move it to.
    pub allowed_statuses: Vec<Status>,
}

/// Who sees to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FindingAssignees)]
pub struct Assignees {
    /// People.
    pub users: Vec<Named>,
    /// Teams.
    pub teams: Vec<Named>,
}

impl From<Finding> for View {
    fn from(finding: Finding) -> Self {
        let (project_id, project_name) = Named::split(finding.place.project);
        let (asset_id, asset_name) = Named::split(finding.asset);
        Self {
            id: finding.id,
            company_id: finding.place.company.id,
            company_name: finding.place.company.name,
            project_id,
            project_name,
            asset_id,
            asset_name,
            scan_id: finding.last_scan,
            title: finding.title,
            description: finding.description,
            severity: finding.severity,
            status: finding.status,
            location: given(finding.location),
            rule_id: given(finding.rule_id),
            tool: given(finding.tool),
            cwe: given(finding.cwe),
            sla_due_at: finding.sla_due_at,
            retest_due_at: finding.retest_due_at,
            closed_at: finding.closed_at,
            created_at: finding.created_at,
            updated_at: finding.updated_at,
            last_seen_at: finding.last_seen_at,
            gone_at: finding.gone_at,
            accepted_without_approval: finding.accepted_without_approval,
            assignees: Assignees {
                users: finding.users,
                teams: finding.teams,
            },
            allowed_statuses: finding.status.next(Mover::Person).to_vec(),
        }
    }
}
