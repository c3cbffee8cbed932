//! The audit log over HTTP, for platform administrators.

use axum::extract::State;
use base::{Id, Time};
use serde::Deserialize;

use crate::{
    Access, Caller, Json, Page, PageQuery, Problem, Query,
    audit::{self, Action, Noted},
    validate::Check,
};

/// Which entries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only actions of this user.
    actor_id: Option<Id>,
    /// Only this action.
    action: Option<Action>,
    /// Only entries of this company.
    company_id: Option<Id>,
    /// Only actions on the subject with this id.
    subject_id: Option<Id>,
    /// Only entries at this time or later.
    since: Option<Time>,
    /// Only entries before this time.
    until: Option<Time>,
}

/// List entries of the audit log
///
/// Who changed what, when, from what to what: users, companies, roles, teams, tokens, rules, destinations, settings;
/// who signed in, resent, tested and exported. Newest first. Entries are never changed or removed.
#[utoipa::path(
    get, path = "/audit", tag = "audit", operation_id = "list_audit", params(Filter, PageQuery),
    responses(
        (status = 200, description = "A page of entries; secrets are masked", body = Page<Noted>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Noted>>, Problem> {
    caller.admin()?;
    let limit = page.limit()?;
    let mut check = Check::new();
    let ordered = !matches!((filter.since, filter.until), (Some(since), Some(until)) if until < since);
    check.that(ordered, "until", "must not be before since");
    check.done()?;
    let filter = audit::Filter {
        actor: filter.actor_id,
        action: filter.action.map(Action::name),
        company: filter.company_id,
        subject: filter.subject_id,
        since: filter.since,
        until: filter.until,
        before: page.after()?,
    };
    let store = access.store();
    let rows = store.scan(move |tx| audit::list(tx, &filter, limit + 1)).await?;
    Ok(Json(Page::cut(rows, limit, |entry| entry.id)))
}
