//! The handlers of changes of many findings at once.

use access::{Caller, Json, Problem, Role};
use axum::extract::State;
use base::Id;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::body::StatusBody;
use crate::{
    By, Records,
    findings::{Context, Finding, Status, bulk},
};

/// Whom to assign to many findings.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkAssigneesBody {
    /// The findings, 1 to 1,000.
    finding_ids: Vec<Id>,
    /// People who may see their companies, at most 100.
    #[serde(default)]
    user_ids: Vec<Id>,
    /// Teams of their company, at most 100.
    #[serde(default)]
    team_ids: Vec<Id>,
    /// Whether they come beside those who see to a finding (true) or instead of them (false, the default).
    #[serde(default)]
    add: bool,
}

/// Where many findings are to go.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkStatusBody {
    /// The findings, 1 to 1,000.
    finding_ids: Vec<Id>,
    /// The status; those that are there already stay.
    status: Status,
    /// Why: at most 2,000 characters. Required for `false_positive` and `duplicate`.
    comment: Option<String>,
}

/// What became of many findings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BulkOutcome {
    /// How many changed.
    changed: usize,
    /// How many were that already.
    unchanged: usize,
}

/// Sets who sees to up to 1,000 findings: all of them or none
///
/// Whoever is new to one of them is told once.
#[utoipa::path(
    post, path = "/findings/bulk/assignees", tag = "findings", operation_id = "assign_findings",
    request_body = BulkAssigneesBody,
    responses(
        (status = 200, description = "All are assigned", body = BulkOutcome),
        (status = "default", description = "None is", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn assign(
    State(records): State<Records>,
    caller: Caller,
    Json(body): Json<BulkAssigneesBody>,
) -> Result<Json<BulkOutcome>, Problem> {
    let outcome = records
        .write(move |tx| {
            let mut findings = writable(tx, &body.finding_ids, &caller)?;
            let assign = bulk::Assign {
                users: &body.user_ids,
                teams: &body.team_ids,
                add: body.add,
            };
            let changed = bulk::assign(tx, &mut findings, assign, &By::caller(&caller))?;
            Ok(outcome(&findings, changed))
        })
        .await?;
    Ok(Json(outcome))
}

/// Moves up to 1,000 findings to a status: all of them or none
///
/// Whoever sees to one of them is told once.
#[utoipa::path(
    post, path = "/findings/bulk/status", tag = "findings", operation_id = "move_findings",
    request_body = BulkStatusBody,
    responses(
        (status = 200, description = "All are there", body = BulkOutcome),
        (status = 409, description = "The lifecycle of one does not allow it, or it is accepted_risk; none moved", body = Problem,
            content_type = "application/problem+json"),
        (status = "default", description = "None moved", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn set_status(
    State(records): State<Records>,
    caller: Caller,
    Json(body): Json<BulkStatusBody>,
) -> Result<Json<BulkOutcome>, Problem> {
    let (status, comment) = StatusBody::new(body.status, body.comment).checked()?;
    let settings = records.settings();
    let outcome = records
        .write(move |tx| {
            let mut findings = writable(tx, &body.finding_ids, &caller)?;
            let by = By::caller(&caller);
            let context = Context {
                settings: &settings,
                by: &by,
            };
            let changed = bulk::move_to(tx, &mut findings, (status, &comment), context)?;
            Ok(outcome(&findings, changed))
        })
        .await?;
    Ok(Json(outcome))
}

fn writable(tx: &mut Tx<'_>, ids: &[Id], caller: &Caller) -> Result<Vec<Finding>, Problem> {
    let findings = bulk::held(tx, ids, &caller.scope)?;
    for finding in &findings {
        caller.may(finding.place.company.id, Role::Analyst)?;
    }
    Ok(findings)
}

fn outcome(findings: &[Finding], changed: usize) -> BulkOutcome {
    BulkOutcome {
        changed,
        unchanged: findings.len() - changed,
    }
}
