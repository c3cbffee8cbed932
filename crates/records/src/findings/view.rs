//! A finding as the API answers it.

use base::{Id, Severity, Time};
use formats::{Component, Cvss};
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
    /// CVE, GHSA and other identifiers of the vulnerability.
    pub identifiers: Vec<String>,
    /// All its weaknesses, as `CWE-79`; the first one is `cwe`.
    pub cwes: Vec<String>,
    /// The CVSS rating.
    pub cvss: Option<CvssView>,
    /// The vulnerable component.
    pub component: Option<ComponentView>,
    /// URLs about the problem.
    pub references: Vec<String>,
    /// Where it is, the first 100 locations; the first one is `location`.
    pub locations: Vec<String>,
    /// How many locations there are in all.
    pub locations_count: u32,
    /// The code.
    pub snippet: Option<String>,
    /// When the scanner says it found it.
    pub found_at: Option<Time>,
    /// What the report's VEX statement says. It proposes a status and never sets one.
    pub statement: Option<String>,
    /// The name of the target whose reports hold it; null for a whole project.
    pub target: Option<String>,
    /// That target.
    pub target_id: Option<Id>,
    /// The judged finding from which it differs in code or version only, so that the verdict does not cover it.
    pub related_id: Option<Id>,
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
    /// Its tags.
    pub tags: Vec<String>,
    /// Who sees to it.
    pub assignees: Assignees,
    /// The statuses a person can move it to.
    pub allowed_statuses: Vec<Status>,
}

/// A CVSS rating.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = Cvss)]
pub struct CvssView {
    /// `2.0`, `3.0`, `3.1` or `4.0`; null where the report does not say.
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

/// The list with this as its first; nothing before it where there is none.
fn first(one: &str, mut list: Vec<String>) -> Vec<String> {
    if !one.is_empty() && list.first().is_none_or(|first| first != one) {
        list.retain(|other| other != one);
        list.insert(0, one.to_owned());
    }
    list
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
