//! The handlers of scans.
//!
//! Owns: bodies, their validation, and the required roles: viewers read, analysts write, managers delete.
//! Must not: contain SQL.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Patch, Path, Problem, Query, Role, described_with,
    schema::{Name, OptionalLine, needs},
    validate::Check,
};
use axum::{extract::State, http::StatusCode};
use base::{Id, Time};
use serde::Deserialize;
use serde_json::json;
use store::Tx;

use super::{Change, Filter, New, Scan, Sort, Status, View};
use crate::{
    By, MAX_LINE, MAX_SEARCH, MAX_TITLE, Place, Records,
    date::{Moment, plausible},
    import, projects, text,
};

/// A scan to create.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewScan {
    /// The company it belongs to.
    company_id: Id,
    /// A project of that company.
    project_id: Option<Id>,
    /// One line of at most 300 characters.
    #[schema(value_type = Name<{ MAX_TITLE }>)]
    name: String,
    /// The tool: at most 1,000 characters.
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    tool: Option<String>,
    /// `scheduled` by default if it has a time, else `running`.
    status: Option<Status>,
    /// When it is scheduled; required for a scheduled scan.
    #[schema(value_type = Option<Moment>)]
    scheduled_at: Option<Time>,
    /// Why it failed: at most 1,000 characters.
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    error: Option<String>,
}

described_with! {
    /// A scan to create, with a time if it is scheduled.
    DescribedScan, NewScan,
    needs("status", [Status::Scheduled.name()], ("scheduled_at", &json!({"type": "string"})))
}

impl NewScan {
    fn checked(self) -> Result<New, Problem> {
        let mut check = Check::new();
        let usual = if self.scheduled_at.is_some() {
            Status::Scheduled
        } else {
            Status::Running
        };
        plausible(&mut check, "scheduled_at", self.scheduled_at);
        let new = New {
            name: text::title(&mut check, "name", &self.name),
            tool: text::line(&mut check, "tool", &self.tool.unwrap_or_default(), MAX_LINE),
            status: self.status.unwrap_or(usual),
            scheduled_at: self.scheduled_at,
            error: text::line(&mut check, "error", &self.error.unwrap_or_default(), MAX_LINE),
        };
        check.done().map(|()| new)
    }
}

/// Changes of a scan; omitted fields stay unchanged.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanChange {
    /// A project of the company; null for none.
    #[serde(default)]
    #[schema(value_type = Option<Id>)]
    project_id: Patch<Id>,
    /// One line of at most 300 characters.
    #[schema(value_type = Option<Name<{ MAX_TITLE }>>)]
    name: Option<String>,
    /// The tool; null for none.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    tool: Patch<String>,
    /// From `scheduled` to `running`, from either to `completed` or `failed`.
    status: Option<Status>,
    /// When it is scheduled; null for no time.
    #[serde(default)]
    #[schema(value_type = Option<Moment>)]
    scheduled_at: Patch<Time>,
    /// Why it failed; null for no reason.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    error: Patch<String>,
}

impl ScanChange {
    fn checked(self, tx: &mut Tx<'_>, scan: &Scan) -> Result<Change, Problem> {
        let mut check = Check::new();
        let company = scan.place.company.id;
        let project = self
            .project_id
            .try_map(|id| projects::in_company(tx, company, id))?;
        plausible(&mut check, "scheduled_at", self.scheduled_at.over(None));
        let mut line = |field, value: Patch<String>| {
            let text = value.change()?.unwrap_or_default();
            Some(text::line(&mut check, field, &text, MAX_LINE))
        };
        let (tool, error) = (line("tool", self.tool), line("error", self.error));
        let change = Change {
            project: project.change(),
            name: self.name.map(|name| text::title(&mut check, "name", &name)),
            tool,
            status: self.status,
            scheduled_at: self.scheduled_at.change(),
            error,
        };
        check.done().map(|()| change)
    }
}

/// Filters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only those of this project.
    project_id: Option<Id>,
    /// Only those in one of these statuses, separated by commas.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false)]
    status: Option<String>,
    /// Only those with this text in name or tool, in any case.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
    text: Option<String>,
    /// `created_at`, `scheduled_at` or `updated_at`, with `-` before it for descending order; `-created_at` by default.
    #[param(inline, value_type = Option<Sort>)]
    sort: Option<String>,
}

/// The scans the caller may see
#[utoipa::path(
    get, path = "/scans", tag = "scans", operation_id = "list_scans", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of scans, newest first unless sorted otherwise", body = Page<View>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<View>>, Problem> {
    let mut check = Check::new();
    let filter = Filter {
        company: query.company_id,
        project: query.project_id,
        statuses: text::several(&mut check, "status", query.status.as_deref()),
        text: text::wanted(&mut check, query.text),
    };
    let sort = Sort::read(&mut check, query.sort.as_deref());
    check.done()?;
    let searches = filter.text.is_some();
    let page = records
        .list(searches, move |tx| {
            super::list(tx, &caller.scope, &filter, sort, &page)
        })
        .await?;
    Ok(Json(page.map(View::from)))
}

/// One scan
#[utoipa::path(
    get, path = "/scans/{id}", tag = "scans", operation_id = "get_scan", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The scan", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<View>, Problem> {
    let scan = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
    Ok(Json(scan.into()))
}

/// Creates a scan
#[utoipa::path(
    post, path = "/scans", tag = "scans", operation_id = "create_scan", request_body = DescribedScan,
    responses(
        (status = 201, description = "The scan", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Create(once, body): Create<NewScan>,
) -> Result<Created<View>, Problem> {
    let (company, project) = (body.company_id, body.project_id);
    caller.may(company, Role::Analyst)?;
    let new = body.checked()?;
    let create = move |tx: &mut Tx<'_>| {
        let place = Place::find(tx, &caller.scope, company, project)?;
        Ok(super::create(tx, new, &place, &By::caller(&caller))?.into())
    };
    records.write(move |tx| once.run(tx, create)).await
}

/// Changes a scan; omitted fields stay unchanged
#[utoipa::path(
    patch, path = "/scans/{id}", tag = "scans", operation_id = "update_scan", params(("id" = Id, Path)),
    request_body = ScanChange,
    responses(
        (status = 200, description = "The scan", body = View),
        (status = 409, description = "The transition is not allowed, or a scan report is being imported into the scan",
            body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<ScanChange>,
) -> Result<Json<View>, Problem> {
    let scan = records
        .write(move |tx| {
            let mut scan = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(scan.place.company.id, Role::Analyst)?;
            let change = body.checked(tx, &scan)?;
            // Only the import writes its counts and its end.
            if change.status.is_some_and(|to| to != scan.status) && import::is_importing(tx, id)? {
                return Err(Problem::conflict(
                    "A scan report is being imported into this scan, which ends with the import.",
                ));
            }
            super::change(tx, &mut scan, change, &By::caller(&caller))?;
            Ok(scan)
        })
        .await?;
    Ok(Json(scan.into()))
}

/// Deletes a scan that is not running; its findings are kept
#[utoipa::path(
    delete, path = "/scans/{id}", tag = "scans", operation_id = "delete_scan", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It is running", body = Problem, content_type = "application/problem+json"),
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
            let scan = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(scan.place.company.id, Role::Manager)?;
            Ok::<_, Problem>(super::delete(tx, &scan, &By::caller(&caller))?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
