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
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{
    Format, Import, Skipped,
    run::{self, Job},
    spool,
};
use crate::{
    By, projects,
    sarif::{self, Report},
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
    /// `sarif`; recognised by itself where it is left out.
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
/// The body is the report (SARIF 2.1.0, at most 200 MB unless the operator set another limit), or a multipart form
/// with a field `file`. The answer comes when the import is done. A report that does not fit is refused with where
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
    let file = spool::spool(request, &import.folder, import.limit, &clock).await?;
    let checking = tokio::task::spawn_blocking(move || check(file, format));
    let (report, file) = checking.await.map_err(|_| Problem::internal())??;
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

/// Checks the whole report.
fn check(mut file: File, format: Option<Format>) -> Result<(Report, File), Problem> {
    let known = match format {
        Some(format) => Some(format),
        None => Format::detect(&mut file).map_err(|error| unread(&error.into()))?,
    };
    let report = Report::check(&mut file).map_err(|error| match (error, known) {
        (sarif::Error::Refused(refusal), Some(Format::Sarif)) => {
            let path = refusal.path.clone();
            let refusal = sarif::Refusal {
                path: String::new(),
                ..refusal
            };
            Problem::fields(vec![FieldError::new(path, refusal.to_string())])
        }
        (sarif::Error::Refused(refusal), None) => Problem::unprocessable(format!(
            "The format of the report is not recognised (there is {}): {refusal}",
            Format::names()
        )),
        (error, _) => unread(&error),
    })?;
    Ok((report, file))
}

fn unread(error: &sarif::Error) -> Problem {
    tracing::error!(%error, "a spooled report could not be read");
    Problem::internal()
}
