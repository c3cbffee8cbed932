//! A finding as the API returns it.

use base::{Id, Severity, Time};
use formats::{Component, Cvss};
use serde::Serialize;

use super::{
    finding::Finding,
    status::{Mover, Status},
};
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
    /// The scan that last found it.
    pub scan_id: Option<Id>,
    /// Its title, one line.
    pub title: String,
    /// Its description; may be empty.
    pub description: String,
    /// Its severity.
    pub severity: Severity,
    /// Its status.
    pub status: Status,
    /// Its location, such as `path:line`.
    pub location: Option<String>,
    /// The tool's rule.
    pub rule_id: Option<String>,
    /// The tool that found it.
    pub tool: Option<String>,
    /// Its CWE, such as `CWE-79`.
    pub cwe: Option<String>,
    /// CVE, GHSA and other identifiers of the vulnerability.
    pub identifiers: Vec<String>,
    /// All its CWEs, as `CWE-79`; the first one is `cwe`.
    pub cwes: Vec<String>,
    /// The CVSS rating.
    pub cvss: Option<CvssView>,
    /// The vulnerable component.
    pub component: Option<ComponentView>,
    /// URLs about the problem.
    pub references: Vec<String>,
    /// Its locations, the first 100; the first one is `location`.
    pub locations: Vec<String>,
    /// The total number of locations.
    pub locations_count: u32,
    /// The code.
    pub snippet: Option<String>,
    /// When the scanner found it, according to the scan report.
    pub found_at: Option<Time>,
    /// The scan report's VEX statement. A suggestion for a status that never sets one.
    pub statement: Option<String>,
    /// The name of the target of the scan reports that contain it; null for a whole project.
    pub target: Option<String>,
    /// That target.
    pub target_id: Option<Id>,
    /// The finding with a verdict from which it differs only in code or version, so that the verdict does not cover it.
    pub related_id: Option<Id>,
    /// Its SLA deadline.
    pub sla_due_at: Option<Time>,
    /// Its retest deadline.
    pub retest_due_at: Option<Time>,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
    /// When it was last found.
    pub last_seen_at: Time,
    /// Since when the latest complete scan report of its target no longer contains it; null while it does.
    pub gone_at: Option<Time>,
    /// Whether its risk was accepted before an approval was required: one should be requested.
    pub accepted_without_approval: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its assignees.
    pub assignees: Assignees,
    /// The statuses a user can set.
    pub allowed_statuses: Vec<Status>,
}

/// A CVSS rating.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = Cvss)]
pub struct CvssView {
    /// `2.0`, `3.0`, `3.1` or `4.0`; null if the scan report does not state it.
    pub version: Option<String>,
    /// The vector string.
    pub vector: Option<String>,
    /// The base score, 0 to 10.
    pub score: Option<f64>,
}

// A score is never NaN.
impl Eq for CvssView {}

/// A vulnerable component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Component)]
pub struct ComponentView {
    /// Its name.
    pub name: String,
    /// The version that was found.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// Versions in which the problem is fixed.
    pub fixed_versions: Vec<String>,
}

impl From<Cvss> for CvssView {
    fn from(cvss: Cvss) -> Self {
        Self {
            version: given(cvss.version),
            vector: given(cvss.vector),
            score: cvss.score,
        }
    }
}

impl From<Component> for ComponentView {
    fn from(component: Component) -> Self {
        Self {
            name: component.name,
            version: given(component.version),
            purl: given(component.purl),
            fixed_versions: component.fixed_versions,
        }
    }
}

/// The list with this as its first element; unchanged if there is none.
fn first(one: &str, mut list: Vec<String>) -> Vec<String> {
    if !one.is_empty() && list.first().is_none_or(|first| first != one) {
        list.retain(|other| other != one);
        list.insert(0, one.to_owned());
    }
    list
}

/// The assignees of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FindingAssignees)]
pub struct Assignees {
    /// Users.
    pub users: Vec<Named>,
    /// Teams.
    pub teams: Vec<Named>,
}

impl From<Finding> for View {
    fn from(finding: Finding) -> Self {
        let (project_id, project_name) = Named::split(finding.place.project);
        let (target_id, target) = Named::split(finding.target);
        let details = finding.details;
        let locations = first(&finding.location, details.locations);
        let cwes = first(&finding.cwe, details.cwes);
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
            identifiers: details.identifiers,
            cwes,
            cvss: details.cvss.map(Into::into),
            component: details.component.map(Into::into),
            references: details.references,
            locations_count: details
                .locations_count
                .max(u32::try_from(locations.len()).unwrap_or(u32::MAX)),
            locations,
            snippet: given(details.snippet),
            found_at: details.found_at,
            statement: given(details.statement),
            target: target.and_then(given),
            target_id,
            related_id: finding.related,
            sla_due_at: finding.sla_due_at,
            retest_due_at: finding.retest_due_at,
            closed_at: finding.closed_at,
            created_at: finding.created_at,
            updated_at: finding.updated_at,
            last_seen_at: finding.last_seen_at,
            gone_at: finding.gone_at,
            accepted_without_approval: finding.accepted_without_approval,
            tags: finding.tags,
            assignees: Assignees {
                users: finding.users,
                teams: finding.teams,
            },
            allowed_statuses: finding.status.next(Mover::Person).to_vec(),
        }
    }
}
