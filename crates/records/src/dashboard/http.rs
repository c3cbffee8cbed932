//! `GET /dashboard`.

use access::{Caller, Json, Problem, Query};
use axum::extract::State;
use base::Id;
use serde::Deserialize;

use super::{Dashboard, Whose};
use crate::{Records, date};

/// What the dashboard is of.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DashboardQuery {
    /// Only this company.
    company_id: Option<Id>,
    /// In which zone a day is a day: a name such as `Europe/Berlin`; UTC by default.
    tz: Option<String>,
}

/// How things stand: open findings, deadlines, the last 30 days, scans, approvals
///
/// An open finding is one in an open status, as the calendar has it too.
#[utoipa::path(
    get, path = "/dashboard", tag = "dashboard", operation_id = "get_dashboard", params(DashboardQuery),
    responses(
        (status = 200, description = "The counts of what the caller may see", body = Dashboard),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<DashboardQuery>,
) -> Result<Json<Dashboard>, Problem> {
    let zone = date::zone(query.tz.as_deref())?;
    let now = records.store.clock().now();
    records
        .read(move |tx| {
            let whose = Whose {
                scope: &caller.scope,
                company: query.company_id,
            };
            super::read(tx, whose, &zone, now)
        })
        .await
        .map(Json)
}
