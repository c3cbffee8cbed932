//! The endpoint.
//!
//! Owns: who may import, the answer, and the wording of refusals. Must not: hold SQL.

use std::{fs::File, time::Duration};

use access::{Caller, FieldError, Json, Problem, Query, Role, directory};
use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use base::{Id, Scope};
use formats::{Format, Refusal, Surveyed};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{
    Import, Skipped,
    run::{self, Job},
    spool,
};
use crate::{
    By, projects,
    scans::{self, Counts},
};

/// Where a report goes, and what it is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The company whose findings these are.
    company_id: Id,
    /// Its project; without one the findings belong to the company alone.
    project_id: Option<Id>,
    /// `sarif`, `trivy`, `nuclei`, `semgrep`, `grype`, `cyclonedx`, `nessus`, `openvas`, `zap` or `csv`; recognised by
    /// what is in the report where it is left out.
    format: Option<String>,
}

/// What an import did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Imported {
    /// The scan that was recorded.
    scan: scans::View,
    /// What became of the results: `read = created + updated + unchanged + skipped`. `reopened` are among the
    /// updated; `closed` are findings that the report does not hold any more.
    counts: Counts,
    /// What was not imported, the first 1,000 of them.
    skipped: Vec<Skipped>,
}

/// A report as a field of a form.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described")]
pub struct ReportForm {
    /// The report.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// After how long to come again while too many reports are being taken.
const BUSY: Duration = Duration::from_secs(5);

/// Import a scanner's report.
///
/// The body is the report, or a multipart form with a field `file`; either may be packed by gzip. At most 200 MB are
/// taken, and 500 MB unpacked, unless the operator set other limits. The answer comes when the import is done. A report that does not fit is refused with where
/// in it the fault is, and nothing is changed. The same report again changes nothing; findings of the tool that a
/// later report of the same company and project does not hold any more are closed, and reopened when they are back.
/// Findings that a person marked as accepted risk, false positive or duplicate stay as they are.
#[utoipa::path(
    post,
    path = "/scans/import",
    tag = "scans",
    params(ImportQuery),
    request_body(content(
        (serde_json::Value = "application/json"),
        (serde_json::Value = "application/sarif+json"),
        (String = "application/xml"),
        (String = "text/csv"),
        (Vec<u8> = "application/gzip"),
        (ReportForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "Imported", body = Imported),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Analysts and above import", body = Problem),
        (status = 404, description = "No such company", body = Problem),
        (status = 408, description = "The body stopped coming", body = Problem),
        (status = 409, description = "A report of the same tool is being imported here", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 422, description = "No sound report; the detail says where", body = Problem),
        (status = 429, description = "Too many imports at once", body = Problem),
        (status = 507, description = "No room for the report", body = Problem),
    )
)]
pub async fn import(
    State(import): State<Import>,
    caller: Caller,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Imported>), Problem> {
    caller.may(query.company_id, Role::Analyst)?;
    let format = query.format.as_deref().map(str::parse::<Format>).transpose();
    let format = format.map_err(|error| Problem::field("format", error))?;
    let (scope, company, project) = (caller.scope.clone(), query.company_id, query.project_id);
    // Before the body is taken: nobody should send 200 MB to hear that the project is not there.
    import
        .records
        .store()
        .read(move |tx| exists(tx, &scope, company, project))
        .await?;
    let _place = import.places.try_acquire().map_err(|_| Problem::too_many(BUSY))?;
    let clock = import.records.store().clock().clone();
    let file = spool::spool(request, &import.folder, import.limits, &clock).await?;
    let surveying = tokio::task::spawn_blocking(move || survey(file, format));
    let (report, file) = surveying.await.map_err(|_| Problem::internal())??;
    let job = Job {
        report,
        file,
        scope: caller.scope.clone(),
        company,
        project,
        by: By::caller(&caller),
    };
    // On its own: what has begun is ended, also when the caller is gone.
    let running = tokio::spawn(run::run(import.records.clone(), job));
    let done = running.await.map_err(|_| Problem::internal())??;
    let imported = Imported {
        scan: done.scan.into(),
        counts: done.counts,
        skipped: done.skipped,
    };
    Ok((StatusCode::CREATED, Json(imported)))
}

/// Whether the place is there, as [`Place::find`](crate::Place::find) says it, without holding it.
fn exists(tx: &mut Tx<'_>, scope: &Scope, company: Id, project: Option<Id>) -> Result<(), Problem> {
    if !scope.allows(company) || directory::company_name(tx, company)?.is_none() {
        return Err(Problem::not_found());
    }
    let Some(project) = project else {
        return Ok(());
    };
    match projects::get(tx, project, &Scope::of([company])) {
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
            Err(Problem::field("project_id", "it is no project of this company"))
        }
        outcome => outcome.map(drop),
    }
}

/// Surveys the whole report.
fn survey(mut file: File, format: Option<Format>) -> Result<(Box<dyn Surveyed>, File), Problem> {
    let format = match format {
        Some(format) => format,
        None => match formats::detect(&mut file) {
            Ok(Some(format)) => format,
            Ok(None) => return Err(unknown(None)),
            Err(formats::Error::Refused(refusal)) => return Err(unknown(Some(&refusal))),
            Err(error) => return Err(unread(&error)),
        },
    };
    match format.survey(&mut file) {
        Ok(report) => Ok((report, file)),
        Err(formats::Error::Refused(refusal)) => {
            let path = refusal.path.clone();
            let refusal = Refusal {
                path: String::new(),
                ..refusal
            };
            Err(Problem::fields(vec![FieldError::new(path, refusal.to_string())]))
        }
        Err(error) => Err(unread(&error)),
    }
}

/// What is said where it is not known what a file is, and what stood in the way.
fn unknown(refusal: Option<&Refusal>) -> Problem {
    let why = refusal.map_or_else(|| ".".to_owned(), |refusal| format!(": {refusal}"));
    Problem::unprocessable(format!(
        "The format of the report is not recognised (there is {}){why}",
        Format::names()
    ))
}

fn unread(error: &formats::Error) -> Problem {
    tracing::error!(%error, "a spooled report could not be read");
    Problem::internal()
}
