//! The handlers of reports.
//!
//! Owns: bodies, their validation, the download, and the required roles: viewers read and download, analysts request,
//! managers delete reports of others. Must not: contain SQL or generate a report.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query, Role,
    audit::{self, Action, Entry},
    schema::{Name, OptionalLine},
    validate::Check,
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base::{Id, Scope, Time};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use store::{Store, Tx};

use super::{Contents, Filter, Format, New, Report, Sort, Status, quota};
use crate::{By, MAX_SEARCH, MAX_TITLE, Named, Place, Records, text};

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Report)]
#[expect(missing_docs, reason = "the fields are those of a report")]
pub struct View {
    pub id: Id,
    pub company_id: Id,
    pub company_name: String,
    pub project_id: Option<Id>,
    pub project_name: Option<String>,
    pub name: String,
    pub format: Format,
    pub contents: Contents,
    pub status: Status,
    /// The number of findings in it, once it is ready.
    pub findings: Option<u64>,
    /// Its length in bytes, once it is ready.
    pub size: Option<u64>,
    /// Why it could not be generated.
    pub error: Option<String>,
    /// Who requested it; null if deleted.
    pub created_by: Option<Named>,
    pub created_at: Time,
    pub updated_at: Time,
    /// When it was ready, or failed.
    pub finished_at: Option<Time>,
}

impl From<Report> for View {
    fn from(report: Report) -> Self {
        let (project_id, project_name) = Named::split(report.place.project);
        let once_ready = |number| (report.status == Status::Ready).then_some(number);
        Self {
            id: report.id,
            company_id: report.place.company.id,
            company_name: report.place.company.name,
            project_id,
            project_name,
            name: report.name,
            format: report.format,
            contents: report.contents,
            status: report.status,
            findings: once_ready(report.findings),
            size: once_ready(report.size),
            error: text::given(report.error),
            created_by: report.created_by,
            created_at: report.created_at,
            updated_at: report.updated_at,
            finished_at: report.finished_at,
        }
    }
}

/// A report to request.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The company whose findings it contains.
    company_id: Id,
    /// Only those of this project of the company.
    project_id: Option<Id>,
    /// One line of at most 300 characters; "Findings of" and the project's or company's name by default.
    #[schema(value_type = Option<Name<{ MAX_TITLE }>>)]
    name: Option<String>,
    /// Its file format; `html` by default.
    format: Option<Format>,
    /// Which findings; all by default.
    #[serde(default, deserialize_with = "access::object")]
    contents: Contents,
}

impl NewReport {
    fn checked(self, place: &Place) -> Result<New, Problem> {
        let mut check = Check::new();
        let of = place.project.as_ref().unwrap_or(&place.company);
        // The name of the project or company may be as long as a title itself.
        let usual = || base::text::cut(&format!("Findings of {}", of.name), MAX_TITLE);
        let name = self.name.unwrap_or_else(usual);
        // Each needs to be listed only once; this bounds the request.
        check.that(
            self.contents.statuses.len() <= 20,
            "contents.statuses",
            "must list at most 20",
        );
        check.that(
            self.contents.severities.len() <= 20,
            "contents.severities",
            "must list at most 20",
        );
        let new = New {
            name: text::title(&mut check, "name", &name),
            format: self.format.unwrap_or(Format::Html),
            contents: self.contents,
        };
        check.done().map(|()| new)
    }
}

/// Changes of a report.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportChange {
    /// One line of at most 300 characters.
    #[schema(value_type = Option<Name<{ MAX_TITLE }>>)]
    name: Option<String>,
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
    /// Only those in one of these formats, separated by commas.
    #[param(value_type = Option<Vec<Format>>, style = Form, explode = false)]
    format: Option<String>,
    /// Only those with this text in the name, in any case.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
    text: Option<String>,
    /// `created_at` or `updated_at`, with `-` before it for descending order; `-created_at` by default.
    #[param(inline, value_type = Option<Sort>)]
    sort: Option<String>,
}

/// The reports the caller may see
#[utoipa::path(
    get, path = "/reports", tag = "reports", operation_id = "list_reports", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of reports, newest first unless sorted otherwise", body = Page<View>),
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
        formats: text::several(&mut check, "format", query.format.as_deref()),
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

/// One report
#[utoipa::path(
    get, path = "/reports/{id}", tag = "reports", operation_id = "get_report", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The report", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<View>, Problem> {
    let report = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
    Ok(Json(report.into()))
}

/// Requests a report; it is generated in the background
///
/// `report.ready` or `report.failed` notifies the requester. The number of requests per user and company in a day is
/// limited, and so is the size of a company's stored reports. After some time (by default 90 days) the file is deleted,
/// and the report is `expired`.
#[utoipa::path(
    post, path = "/reports", tag = "reports", operation_id = "create_report", request_body = NewReport,
    responses(
        (status = 201, description = "The report, which will be generated", body = View),
        (status = 429, description = "Too many requests, or the company's storage limit is reached", body = Problem,
            content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Create(once, body): Create<NewReport>,
) -> Result<Created<View>, Problem> {
    caller.may(body.company_id, Role::Analyst)?;
    let limits = records.settings().reports;
    let create = move |tx: &mut Tx<'_>| {
        let place = Place::find(tx, &caller.scope, body.company_id, body.project_id)?;
        let new = body.checked(&place)?;
        quota::check(tx, (place.company.id, Some(caller.user_id)), &limits)?;
        Ok(super::request(tx, new, &place, &By::caller(&caller))?.into())
    };
    records.write(move |tx| once.run(tx, create)).await
}

/// Renames a report
#[utoipa::path(
    patch, path = "/reports/{id}", tag = "reports", operation_id = "update_report", params(("id" = Id, Path)),
    request_body = ReportChange,
    responses(
        (status = 200, description = "The report", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<ReportChange>,
) -> Result<Json<View>, Problem> {
    let report = records
        .write(move |tx| {
            let mut report = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(report.place.company.id, Role::Analyst)?;
            if let Some(name) = body.name {
                let mut check = Check::new();
                let name = text::title(&mut check, "name", &name);
                check.done()?;
                super::rename(tx, &mut report, name, &By::caller(&caller))?;
            }
            Ok::<_, Problem>(report)
        })
        .await?;
    Ok(Json(report.into()))
}

/// Deletes a report
///
/// Allowed for the requester and for managers.
#[utoipa::path(
    delete, path = "/reports/{id}", tag = "reports", operation_id = "delete_report", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "Deleted"),
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
            let report = super::get_for_update(tx, id, &caller.scope)?;
            let own = report
                .created_by
                .as_ref()
                .is_some_and(|person| person.id == caller.user_id);
            let role = if own { Role::Analyst } else { Role::Manager };
            caller.may(report.place.company.id, role)?;
            Ok::<_, Problem>(super::delete(tx, &report, &By::caller(&caller))?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The report itself, as a file
#[utoipa::path(
    get, path = "/reports/{id}/download", tag = "reports", operation_id = "download_report",
    params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The report, in its format", content(
            (String = "text/html"),
            (String = "text/csv"),
            (serde_json::Value = "application/json"),
        )),
        (status = 409, description = "It is not ready", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn download(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Response, Problem> {
    let by = audit::By::caller(&caller);
    let scope = caller.scope;
    let seen = scope.clone();
    let report = records.write(move |tx| {
        let report = super::get(tx, id, &seen)?;
        if report.status != Status::Ready {
            return Err(Problem::conflict(format!("The report is {}.", report.status)));
        }
        let entry = Entry::new(Action::ReportExported, id, &*report.name).of(report.place.company.id);
        audit::note(tx, &by, entry.says("format", report.format.to_string()))?;
        Ok(report)
    });
    let report = report.await?;
    let headers = [
        (header::CONTENT_TYPE, report.format.media().to_owned()),
        (header::CONTENT_LENGTH, report.size.to_string()),
        // Never displayed on our own origin: a page with scanners' texts is untrusted.
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", file_name(&report)),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned(),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, body(records.store().clone(), id, scope)).into_response())
}

/// The parts of a report in order, each read when the one before has been sent.
fn body(store: Store, id: Id, scope: Scope) -> Body {
    Body::from_stream(stream::try_unfold(0, move |part| {
        let (store, scope) = (store.clone(), scope.clone());
        async move {
            let read = store.read(move |tx| super::part(tx, id, &scope, part)).await;
            // A report that is deleted in the meantime ends before its announced length, so it is not mistaken for a complete one.
            Ok::<_, store::Error>(read?.map(|text| (Bytes::from(text), part + 1)))
        }
    }))
}

/// A file name of plain letters, whatever the name of the report.
fn file_name(report: &Report) -> String {
    let plain: String = report
        .name
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let words: Vec<_> = plain.split('-').filter(|word| !word.is_empty()).take(8).collect();
    let name = if words.is_empty() {
        "report".to_owned()
    } else {
        words.join("-")
    };
    format!("{name}.{}", report.format)
}
