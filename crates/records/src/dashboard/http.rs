//! `/dashboard`.

use access::{Caller, Json, Problem, Query};
use axum::extract::State;
use base::Id;
use serde::Deserialize;

use super::{Dashboard, Selection};
use crate::{
    Records,
    date::{self, ZoneName},
};

/// The company, and the time zone of the days.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DashboardQuery {
    /// Only those of this company.
    company_id: Option<Id>,
    /// The time zone in which a day is a day, an IANA name such as `Europe/Berlin`; UTC by default.
    #[param(inline, value_type = Option<ZoneName>)]
    tz: Option<String>,
}

/// The current state: what is open, what is due, and the last thirty days
///
/// For everything the caller may see, or for one company.
#[utoipa::path(
    get, path = "/dashboard", tag = "dashboard", operation_id = "get_dashboard", params(DashboardQuery),
    responses(
        (status = 200, description = "The counts", body = Dashboard),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<DashboardQuery>,
) -> Result<Json<Dashboard>, Problem> {
    let zone = date::zone(query.tz.as_deref())?;
    let selection = Selection {
        scope: caller.scope,
        company: query.company_id,
    };
    records
        .read(move |tx| super::read(tx, &selection, &zone))
        .await
        .map(Json)
        .map_err(Problem::from)
}
