//! `GET /activity`.

use access::{Caller, Json, Page, PageQuery, Problem, Query};
use axum::extract::State;
use base::Id;
use serde::Deserialize;

use super::Activity;
use crate::Records;

/// What to read of.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// Only this company.
    company_id: Option<Id>,
}

/// What happened in the companies the caller may see, the newest first
#[utoipa::path(
    get, path = "/activity", tag = "dashboard", operation_id = "list_activity", params(ActivityQuery, PageQuery),
    responses(
        (status = 200, description = "A page of what happened", body = Page<Activity>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<ActivityQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Activity>>, Problem> {
    records
        .read(move |tx| super::list(tx, &caller.scope, query.company_id, &page))
        .await
        .map(Json)
}
