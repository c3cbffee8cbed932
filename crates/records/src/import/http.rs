//! The endpoints of imports.
//!
//! Owns: who may import, the response, and the wording of refusals. Must not: contain SQL.

mod query;

use std::{fs::File, sync::Arc};

use access::{
    Caller, FieldError, IdempotencyKey, Json, Problem, Query, Role, described_with, directory, schema::Bytes,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use base::{Id, Scope};
use formats::{Format, Options, Refusal, Surveyed};
use serde::Serialize;
use store::{Requester, Tx};

use query::{Close, of_table, target};
pub use query::{ImportQuery, TableQuery};

use super::{
    Import,
    answer::Imported,
    prepare::Wanted,
    reading::spawn_reading,
    room,
    run::{self, Job},
    spool::{self, Spooled},
};
use crate::{By, projects};

/// A scan report as a field of a form.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described")]
pub struct ReportForm {
    /// The scan report.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

described_with! {
    /// A form: the scan report, and other fields, whose names must be allowed in a header.
    DescribedForm, ReportForm, ("propertyNames", serde_json::json!({"pattern": r"^[^\u0000-\u001f\u007f]*$"}))
}

const CLOSES_NOTHING: &str =
    "a table closes nothing unless a target is given: it does not state what it covers";

/// Import a scan report
///
/// The body is the scan report, or a multipart form with a field `file`; either may be gzipped. By default at most 200
/// MB are accepted, and 500 MB uncompressed; the operator can change these limits. The response is sent when the import
/// is done. An invalid scan report is rejected with the place of the fault, and nothing is changed; a single entry that
/// cannot be read is skipped with its reason, and the scan report then closes nothing. Importing the same scan report
/// again changes nothing. Findings that a later complete scan report of the same tool and target no longer contains are
/// closed, and reopened when they are found again. Findings that a user marked as accepted risk, false positive or
/// duplicate keep that status.
///
/// An `Idempotency-Key` identifies the scan: while the import is running, the same request is answered with 409 and the
/// id of the scan as `record_id`; afterwards with the response of the import. One that was interrupted starts again.
/// The scan report is compared as it was sent, compressed or not, without the rest of a form. A preview needs no key
/// and ignores one.
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
        (Bytes = "application/gzip"),
        (DescribedForm = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "The preview", body = Imported),
        (status = 201, description = "Imported", body = Imported),
        (status = 408, description = "The upload stalled or was too slow", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A scan report of the same tool and target is being imported, or two projects have that name", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many scan reports of the caller or the company at once", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "Not enough disk space for the scan report", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn import(
    State(import): State<Import>,
    caller: Caller,
    key: IdempotencyKey,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Response, Problem> {
    caller.may(query.company_id, Role::Analyst)?;
    let format = query
        .format
        .as_deref()
        .map(str::parse::<&'static Format>)
        .transpose();
    let format = format.map_err(|error| Problem::field("format", error))?;
    let (columns, encoding) = of_table(query.columns.clone(), query.encoding.clone())?;
    let target = target(query.target.clone())?;
    // Before the body is read: nobody should send 200 MB to learn that the project does not exist.
    let (scope, company) = (caller.scope.clone(), query.company_id);
    let of_query = (query.project_id, query.project.clone());
    let found = import
        .records
        .store()
        .read(move |tx| project(tx, &scope, company, of_query));
    let project = found.await?;
    let spooling = import.spooling(&caller, Some(company))?;
    let Spooled { file, space, once } = spool::spool(request, key, &import.spool, company).await?;
    // A slow sender does not occupy a slot in the meantime.
    let held = (import.running(company).await?, spooling, space);
    let options = Options {
        target: target.is_some(),
        format: format.is_some(),
        columns,
        encoding,
    };
    // It continues if the caller disconnects, and so does its share.
    let reading = file.try_clone().map_err(|error| room::unwritten(&error))?;
    let surveying = spawn_reading(&file, move || (survey(reading, format, &options), held));
    let (surveyed, held) = surveying.await.map_err(|_| Problem::internal())?;
    let (format, report, file) = surveyed?;
    let close = query.close.map(|close| close == Close::Auto);
    let closes_nothing = close == Some(true) && !format.closes && target.is_none();
    let job = Job {
        report,
        file,
        folder: import.spool.folder.as_ref().clone(),
        format: format.name,
        note: closes_nothing.then_some(CLOSES_NOTHING),
        once,
        wanted: Wanted {
            scope: caller.scope.clone(),
            company: query.company_id,
            project,
            by: By::caller(&caller),
            // A table does not state what it covers: it closes only within a target that the caller names.
            close: if format.closes || target.is_some() {
                close
            } else {
                Some(false)
            },
            target,
            format_closes: format.closes,
            preview: query.preview,
        },
    };
    if query.preview {
        let would = run::preview(import.records.clone(), job).await?;
        return Ok(Json(would).into_response());
    }
    // As a task of its own: it is completed even if the caller disconnects.
    let records = import.records.clone();
    let running = tokio::spawn(Requester::inherited(async move {
        let _held = held;
        run::run(records, job).await
    }));
    Ok(running.await.map_err(|_| Problem::internal())??.into_response())
}

const BY_NAME: &str = "select id from projects where company_id = $1 and name = $2 limit 2";

/// The project of an import, by its id or its name, if the place exists.
fn project(
    tx: &mut Tx<'_>,
    scope: &Scope,
    company: Id,
    (id, name): (Option<Id>, Option<String>),
) -> Result<Option<Id>, Problem> {
    let Some(name) = name else {
        return exists(tx, scope, company, id).map(|()| id);
    };
    exists(tx, scope, company, None)?;
    if id.is_some() {
        return Err(Problem::field("project", "must not be combined with project_id"));
    }
    let found: Vec<(Id,)> = tx.all(BY_NAME, store::params![company, name])?;
    match found.as_slice() {
        [] => Err(Problem::field(
            "project",
            "no project of this company has this name",
        )),
        [(id,)] => Ok(Some(*id)),
        _ => Err(Problem::conflict(
            "Several projects of this company have this name. Use `project_id`.",
        )),
    }
}

/// Whether the place exists, with the errors of [`Place::find`](crate::Place::find), without a lock.
fn exists(tx: &mut Tx<'_>, scope: &Scope, company: Id, project: Option<Id>) -> Result<(), Problem> {
    if !scope.allows(company) || directory::company_name(tx, company)?.is_none() {
        return Err(Problem::not_found());
    }
    let Some(project) = project else {
        return Ok(());
    };
    match projects::get(tx, project, &Scope::of([company])) {
        Err(crate::Refused::NotFound) => {
            Err(Problem::field("project_id", "must be a project of the company"))
        }
        outcome => Ok(outcome.map(drop)?),
    }
}

type SurveyedFile = (&'static Format, Arc<dyn Surveyed>, File);

/// Surveys the whole scan report.
fn survey(
    mut file: File,
    format: Option<&'static Format>,
    options: &Options,
) -> Result<SurveyedFile, Problem> {
    let format = match format {
        Some(format) => format,
        None => formats::recognise(&mut file, options).map_err(refused)?,
    };
    let report = format.survey(&mut file, options).map_err(refused)?;
    Ok((format, report.into(), file))
}

/// The problem for a file that is not a readable scan report: what is wrong, and where.
fn refused(error: formats::Error) -> Problem {
    match error {
        formats::Error::Refused(refusal) if refusal.path.is_empty() && refusal.line == 0 => {
            Problem::unprocessable(refusal.what)
        }
        formats::Error::Refused(refusal) => {
            let path = refusal.path.clone();
            let refusal = Refusal {
                path: String::new(),
                ..refusal
            };
            Problem::fields(vec![FieldError::new(path, refusal.to_string())])
        }
        formats::Error::Io(error) => unread(&error),
    }
}

fn unread(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "a spooled scan report could not be read");
    Problem::internal()
}

/// The first rows of a table, for mapping its columns.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TablePreview {
    /// The names of its columns.
    header: Vec<String>,
    /// The first five rows below it.
    rows: Vec<Vec<String>>,
    /// The tool that exported it, if known.
    layout: Option<&'static str>,
    /// The columns that were recognized.
    columns: Vec<TableColumn>,
    /// What a column can be: the names that `columns=` of an import supports.
    names: Vec<&'static str>,
    /// What is missing or ambiguous; null for a table that can be imported as it is.
    fault: Option<String>,
}

/// A column of a table.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TableColumn {
    /// What it is: one of the names.
    name: &'static str,
    /// Its name in the header.
    column: String,
}

/// The first rows of a table
///
/// For mapping its columns before an import. Nothing is stored.
#[utoipa::path(
    post,
    path = "/scans/table-preview",
    tag = "scans",
    operation_id = "preview_table",
    params(TableQuery),
    request_body(content((String = "text/csv"), (DescribedForm = "multipart/form-data"))),
    responses(
        (status = 200, description = "Its first rows", body = TablePreview),
        (status = 422, description = "Not a table", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn table_preview(
    State(import): State<Import>,
    caller: Caller,
    Query(query): Query<TableQuery>,
    request: Request,
) -> Result<Json<TablePreview>, Problem> {
    let (columns, encoding) = of_table(query.columns, query.encoding)?;
    let _spooling = import.spooling(&caller, None)?;
    let Spooled {
        mut file,
        space: _space,
        ..
    } = spool::spool(request, IdempotencyKey::default(), &import.spool, caller.user_id).await?;
    let options = Options {
        columns,
        encoding,
        ..Options::default()
    };
    let looking = base::spawn_background(move || formats::preview_rows(&mut file, &options));
    let found = looking.await.map_err(|_| Problem::internal())?.map_err(refused)?;
    let column = |(name, column)| TableColumn { name, column };
    Ok(Json(TablePreview {
        header: found.header,
        rows: found.rows,
        layout: found.layout,
        columns: found.columns.into_iter().map(column).collect(),
        names: found.names,
        fault: found.fault,
    }))
}

/// A format of scan reports.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ImportFormat {
    /// The value of `format`.
    name: &'static str,
    /// What it is.
    title: &'static str,
    /// What an entry is, and what it is recognized by in the next scan report.
    identity: &'static str,
    /// Whether a complete scan report closes what it no longer contains without `close=auto` and a `target`.
    closes: bool,
}

/// The formats of scan reports that can be imported
#[utoipa::path(
    get, path = "/import-formats", tag = "scans", operation_id = "list_import_formats",
    responses(
        (status = 200, description = "All of them", body = Vec<ImportFormat>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn import_formats(_: Caller) -> Json<Vec<ImportFormat>> {
    let described = formats::FORMATS.iter().map(|format| ImportFormat {
        name: format.name,
        title: format.title,
        identity: format.identity,
        closes: format.closes,
    });
    Json(described.collect())
}
