//! The handlers of findings.
//!
//! Owns: bodies, their validation, and the required roles: viewers read, analysts write, managers delete. Must not:
//! contain SQL.

mod body;
pub mod bulk;
pub mod comments;
mod query;

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query, Role,
    audit::{self, Action, Entry},
    validate::Check,
};
use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Serialize;
use store::Tx;

pub use body::{AssigneesBody, FindingChange, NewFinding, StatusBody};
pub use query::ListQuery;

use super::{Context, Finding, Move, View, assignees};
use crate::{By, Place, Records, Settings};

/// The findings the caller may see
#[utoipa::path(
    get, path = "/findings", tag = "findings", operation_id = "list_findings", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of findings, newest first unless sorted otherwise", body = Page<View>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<View>>, Problem> {
    let (filter, sort) = query.read(caller.user_id)?;
    let searches = filter.searches();
    let page = records
        .list(searches, move |tx| {
            super::list(tx, &caller.scope, &filter, sort, &page)
        })
        .await?;
    Ok(Json(page.map(View::from)))
}

/// One finding
#[utoipa::path(
    get, path = "/findings/{id}", tag = "findings", operation_id = "get_finding", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The finding", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<View>, Problem> {
    let finding = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
    Ok(Json(finding.into()))
}

/// Creates a finding
#[utoipa::path(
    post, path = "/findings", tag = "findings", operation_id = "create_finding", request_body = NewFinding,
    responses(
        (status = 201, description = "The finding", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Create(once, body): Create<NewFinding>,
) -> Result<Created<View>, Problem> {
    caller.may(body.company_id, Role::Analyst)?;
    let settings = records.settings();
    let create = move |tx: &mut Tx<'_>| {
        let place = Place::find(tx, &caller.scope, body.company_id, body.project_id)?;
        let mut check = Check::new();
        let new = body.checked(tx, &mut check)?;
        check.done()?;
        let settings = settings.of(tx, place.company.id)?;
        let by = By::caller(&caller);
        let context = Context {
            settings: &settings,
            by: &by,
        };
        Ok(super::create(tx, new, &place, context)?.into())
    };
    records.write(move |tx| once.run(tx, create)).await
}

/// Changes a finding; omitted fields stay unchanged
///
/// The status is changed with `POST /findings/{id}/status`.
#[utoipa::path(
    patch, path = "/findings/{id}", tag = "findings", operation_id = "update_finding", params(("id" = Id, Path)),
    request_body = FindingChange,
    responses(
        (status = 200, description = "The finding", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<FindingChange>,
) -> Result<Json<View>, Problem> {
    let finding = changed(&records, caller, id, move |tx, finding, context| {
        let mut check = Check::new();
        let (change, assignees) = body.checked(tx, finding, &mut check)?;
        check.done()?;
        super::change(tx, finding, change, context)?;
        if let Some(assignees) = assignees {
            super::assign(tx, finding, assignees, context.by)?;
        }
        Ok(())
    });
    Ok(Json(finding.await?.into()))
}

/// Deletes a finding; its history is kept
#[utoipa::path(
    delete, path = "/findings/{id}", tag = "findings", operation_id = "delete_finding", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It has a decided risk acceptance", body = Problem,
            content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    records
        .write(move |tx| {
            let finding = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(finding.place.company.id, Role::Manager)?;
            super::delete(tx, &finding, &By::caller(&caller))?;
            let entry = Entry::new(Action::FindingDeleted, finding.id, &finding.title);
            let entry = entry.of(finding.place.company.id).gone(&View::from(finding));
            Ok::<_, Problem>(audit::note(tx, &audit::By::caller(&caller), entry)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the assignees of a finding: exactly these users and teams
#[utoipa::path(
    post, path = "/findings/{id}/assignees", tag = "findings", operation_id = "assign_finding",
    params(("id" = Id, Path)), request_body = AssigneesBody,
    responses(
        (status = 200, description = "The finding", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn assign(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<AssigneesBody>,
) -> Result<Json<View>, Problem> {
    let finding = changed(&records, caller, id, move |tx, finding, context| {
        let mut check = Check::new();
        let ids = (body.user_ids.as_slice(), body.team_ids.as_slice());
        let company = finding.place.company.id;
        let assignees = assignees::check(tx, company, ids, ("user_ids", "team_ids"), &mut check)?;
        check.done()?;
        super::assign(tx, finding, assignees, context.by)?;
        Ok(())
    });
    Ok(Json(finding.await?.into()))
}

/// Changes the status of a finding
///
/// A finding's `allowed_statuses` are the possible ones. A risk is accepted through an approval: `POST /approvals`.
#[utoipa::path(
    post, path = "/findings/{id}/status", tag = "findings", operation_id = "move_finding",
    params(("id" = Id, Path)), request_body = body::DescribedStatus,
    responses(
        (status = 200, description = "The finding", body = View),
        (status = 409, description = "The lifecycle does not allow it, or it is accepted_risk", body = Problem,
            content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn set_status(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<StatusBody>,
) -> Result<Json<View>, Problem> {
    let (status, comment) = body.checked()?;
    let finding = changed(&records, caller, id, move |tx, finding, context| {
        Ok(super::move_to(tx, finding, status, &comment, context)?)
    });
    Ok(Json(finding.await?.into()))
}

/// The history of a finding.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FindingHistory)]
pub struct History {
    /// Its steps, latest first, at most 500.
    pub items: Vec<Move>,
}

/// The history of a finding, even of a deleted one
#[utoipa::path(
    get, path = "/findings/{id}/history", tag = "findings", operation_id = "get_finding_history",
    params(("id" = Id, Path)),
    responses(
        (status = 200, description = "Its steps, latest first", body = History),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn history(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<History>, Problem> {
    let items = records
        .read(move |tx| {
            if let Some(kept) = super::delete::history(tx, id, &caller.scope)? {
                return Ok(kept);
            }
            super::get(tx, id, &caller.scope)?;
            Ok::<_, crate::Refused>(super::history::of(tx, id, &caller.scope)?)
        })
        .await?;
    Ok(Json(History { items }))
}

/// The finding after a change by an analyst.
async fn changed(
    records: &Records,
    caller: Caller,
    id: Id,
    f: impl FnOnce(&mut Tx<'_>, &mut Finding, Context<'_>) -> Result<(), Problem> + Clone + Send + 'static,
) -> Result<Finding, Problem> {
    let settings: Settings = records.settings();
    records
        .write(move |tx| {
            let mut finding = super::get_for_update(tx, id, &caller.scope)?;
            let company = finding.place.company.id;
            caller.may(company, Role::Analyst)?;
            let settings = settings.of(tx, company)?;
            let by = By::caller(&caller);
            let context = Context {
                settings: &settings,
                by: &by,
            };
            f(tx, &mut finding, context)?;
            Ok(finding)
        })
        .await
}
