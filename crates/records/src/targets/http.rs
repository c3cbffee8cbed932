//! The handlers of targets: viewers read, managers retire.

use access::{
    Caller, Json, Page, PageQuery, Path, Problem, Query, Role, audit, schema::Statement, validate::Check,
};
use axum::extract::State;
use base::Id;
use serde::{Deserialize, Serialize};

use super::{View, list, retire};
use crate::{By, MAX_COMMENT, Records};

/// Filters and the sort order.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TargetQuery {
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only those of this project.
    project_id: Option<Id>,
    /// `created_at` or `last_report_at`, with `-` before it for descending order; `-created_at` by default.
    #[param(inline, value_type = Option<list::Sort>)]
    sort: Option<String>,
}

/// The targets of scan reports
#[utoipa::path(
    get, path = "/targets", tag = "scans", operation_id = "list_targets", params(TargetQuery, PageQuery),
    responses(
        (status = 200, description = "A page of targets", body = Page<View>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn targets(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<TargetQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<View>>, Problem> {
    let mut check = Check::new();
    let sort = list::Sort::read(&mut check, query.sort.as_deref());
    check.done()?;
    let found = records
        .read(move |tx| {
            let now = tx.now();
            let of = (query.company_id, query.project_id);
            Ok::<_, Problem>(super::list(tx, &caller.scope, of, sort, &page)?.map(|target| target.view(now)))
        })
        .await?;
    Ok(Json(found))
}

/// Why a target is retired.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retirement {
    /// The reason: kept in the history of the closed findings and in the audit log. At most 2,000 characters.
    #[serde(default)]
    #[schema(value_type = Statement<{ MAX_COMMENT }>, required = true)]
    comment: Option<String>,
}

/// A retired target.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Retired {
    /// The target.
    target: View,
    /// The number of findings that were closed.
    closed: u64,
}

/// Retire a target
///
/// No more scan reports are expected for it: its open findings are closed, with the comment as the reason. This is
/// audited. The next scan report of the target reactivates it.
#[utoipa::path(
    post, path = "/targets/{id}/retire", tag = "scans", operation_id = "retire_target", params(("id" = Id, Path)),
    request_body = Retirement,
    responses(
        (status = 200, description = "Retired", body = Retired),
        (status = 409, description = "A scan report of it is being imported", body = Problem,
            content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn retire_target(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<Retirement>,
) -> Result<Json<Retired>, Problem> {
    let mut check = Check::new();
    let comment = body.comment.unwrap_or_default();
    let comment = check.statement("comment", &comment, MAX_COMMENT);
    check.done()?;
    let scope = caller.scope.clone();
    let found = {
        let scope = scope.clone();
        records.read(move |tx| list::get(tx, id, &scope)).await?
    };
    caller.may(found.place.company.id, Role::Manager)?;
    let by = (By::caller(&caller), audit::By::caller(&caller));
    let (target, closed) = retire(&records, (id, scope), comment, by).await?;
    let now = records.store().clock().now();
    Ok(Json(Retired {
        target: target.view(now),
        closed,
    }))
}
