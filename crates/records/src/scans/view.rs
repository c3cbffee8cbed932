//! A scan as the API returns it.

use base::{Id, Time};
use serde::Serialize;

use super::{
    scan::{Counts, Report, Scan},
    status::Status,
};
use crate::Named;

/// A scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Scan)]
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
    /// Its name, one line.
    pub name: String,
    /// The tool.
    pub tool: Option<String>,
    /// Its status.
    pub status: Status,
    /// When it is scheduled.
    pub scheduled_at: Option<Time>,
    /// When it started.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// The counts of its import, if it has ended.
    pub counts: Option<Counts>,
    /// What its scan report covered and the result, if it has ended.
    pub report: Option<Report>,
    /// When its import was undone.
    pub undone_at: Option<Time>,
    /// Why it failed.
    pub error: Option<String>,
    /// Who created it.
    pub created_by: Option<Id>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
}

impl From<Scan> for View {
    fn from(scan: Scan) -> Self {
        let given = |text: String| (!text.is_empty()).then_some(text);
        let (project_id, project_name) = Named::split(scan.place.project);
        Self {
            id: scan.id,
            company_id: scan.place.company.id,
            company_name: scan.place.company.name,
            project_id,
            project_name,
            name: scan.name,
            tool: given(scan.tool),
            status: scan.status,
            scheduled_at: scan.scheduled_at,
            started_at: scan.started_at,
            finished_at: scan.finished_at,
            counts: scan.counts,
            report: scan.report.map(|report| Report {
                people: Vec::new(),
                teams: Vec::new(),
                ..report
            }),
            undone_at: scan.undone_at,
            error: given(scan.error),
            created_by: scan.created_by,
            created_at: scan.created_at,
            updated_at: scan.updated_at,
        }
    }
}
