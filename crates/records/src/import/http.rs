//! The endpoint.
//!
//! Owns: who may import, the answer, and the wording of refusals. Must not: hold SQL.

use std::{collections::BTreeMap, fs::File, sync::Arc, time::Duration};

use access::{Caller, FieldError, Json, Problem, Query, Role, directory};
use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use base::{Id, Scope, Severity, text};
use formats::{Format, Options, Refusal, Surveyed};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{
    Import, Severities, Skipped,
    prepare::Wanted,
    run::{self, Done, Job},
    spool,
};
use crate::{
    By, projects,
    scans::{self, Counts},
    targets,
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
    /// Its project by name, instead of the id; 409 if two have that name.
    project: Option<String>,
    /// The format, as `GET /import-formats` describes it; recognized by what is in the report where it is left out.
    #[param(schema_with = format_names)]
    format: Option<String>,
    /// What the report covers, such as an image or a branch: it closes only what earlier reports of the same tool and target
    /// found. Left out, it is what the report names, else the project. At most 300 characters.
    target: Option<String>,
    /// `auto` closes what a whole report no longer holds; `none` closes nothing. `auto` by default, but for a table, which
    /// closes only with `auto` and a `target`.
    #[param(inline)]
    close: Option<Close>,
    /// Answers what would happen and changes nothing.
    #[serde(default)]
    preview: bool,
    /// For a table: which column is which, as `severity:Risk,title:Name`.
    columns: Option<String>,
    /// For a table that is neither UTF-8 nor UTF-16: `windows-1252`.
    encoding: Option<String>,
}

/// Whether an import closes what the report no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Close {
    Auto,
    None,
}

/// The names of the formats.
fn format_names() -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(formats::FORMATS.iter().map(|format| format.name)))
        .build()
}

/// What an import did, or would do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Imported {
    /// The scan that was recorded; null for a preview.
    scan: Option<scans::View>,
    /// The format of the report: a name of `GET /import-formats`.
    format: &'static str,
    /// The tools that wrote it, the first 100.
    tools: Vec<String>,
    /// What the report covers, in a few words; empty for the whole project.
    target: String,
    /// Whether the report holds all that the tool would find; one that does not closes nothing.
    whole: bool,
    /// Why it does not, and what else is worth knowing about it.
    not_whole: Vec<String>,
    /// What became of the results: `read = created + updated + unchanged + skipped`. `reopened` are among the
    /// updated; `closed` are findings that the report no longer holds.
    counts: Counts,
    /// The same by severity.
    severities: Severities,
    /// Open findings of the report's targets afterwards, by severity.
    open: BTreeMap<Severity, u64>,
    /// What was not imported, the first 1,000 of them.
    skipped: Vec<Skipped>,
    /// How many more were skipped than are listed.
    skipped_more: u64,
    /// In a preview, the first 100 findings that would be closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    closing: Vec<Closing>,
}

/// A finding that would be closed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Closing {
    /// Its id.
    id: Id,
    /// Its title.
    title: String,
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
/// Characters of a target's name, at most.
const MAX_TARGET: usize = 300;

/// Import a scan report
///
/// The body is the report, or a multipart form with a field `file`; either may be packed by gzip. At most 200 MB are
/// taken, and 500 MB unpacked, unless the operator set other limits. The answer comes when the import is done. A report
/// that does not fit is refused with where in it the fault is, and nothing is changed; a single entry that cannot be read is
/// skipped with its reason, and the report then closes nothing. The same report again changes nothing. Findings that a
/// later whole report of the same tool and target no longer holds are closed, and reopened when they are back. Findings
/// that a person marked as accepted risk, false positive or duplicate keep that status.
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
        (status = 200, description = "The preview", body = Imported),
        (status = 201, description = "Imported", body = Imported),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "Analysts and above import", body = Problem),
        (status = 404, description = "No such company", body = Problem),
        (status = 408, description = "The body stopped coming", body = Problem),
        (status = 409, description = "A report of the same tool and target is being imported, or two projects have that name", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 422, description = "Not a readable report; the detail says where", body = Problem),
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
    let format = query
        .format
        .as_deref()
        .map(str::parse::<&'static Format>)
        .transpose();
    let format = format.map_err(|error| Problem::field("format", error))?;
    let target = query
        .target
        .as_deref()
        .map(|target| text::line(target, MAX_TARGET + 1));
    let target = target.filter(|target| !target.is_empty());
    if target
        .as_ref()
        .is_some_and(|target| target.chars().count() > MAX_TARGET)
    {
        return Err(Problem::field("target", "it has more than 300 characters"));
    }
    // Before the body is taken: nobody should send 200 MB to hear that the project is not there.
    let (scope, company) = (caller.scope.clone(), query.company_id);
    let of_query = (query.project_id, query.project.clone());
    let found = import
        .records
        .store()
        .read(move |tx| project(tx, &scope, company, of_query));
    let project = found.await?;
    let _place = import.places.try_acquire().map_err(|_| Problem::too_many(BUSY))?;
    let clock = import.records.store().clock().clone();
    let file = spool::spool(request, &import.folder, import.limits, &clock).await?;
    let options = Options {
        target: target.is_some(),
        format: format.is_some(),
        columns: query.columns.clone().unwrap_or_default(),
        encoding: query.encoding.clone().unwrap_or_default(),
    };
    let surveying = tokio::task::spawn_blocking(move || survey(file, format, &options));
    let (format, report, file) = surveying.await.map_err(|_| Problem::internal())??;
    let close = query.close.map(|close| close == Close::Auto);
    let closes_nothing = close == Some(true) && !format.closes && target.is_none();
    let name = format.name;
    let job = Job {
        report,
        file,
        folder: import.folder.as_ref().clone(),
        wanted: Wanted {
            scope: caller.scope.clone(),
            company: query.company_id,
            project,
            by: By::caller(&caller),
            // A table says nothing of what it covers: it closes only within a target that the caller names.
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
    let (status, done) = if query.preview {
        (StatusCode::OK, run::preview(import.records.clone(), job).await?)
    } else {
        // On its own: what has begun is ended, also when the caller is gone.
        let running = tokio::spawn(run::run(import.records.clone(), job));
        (
            StatusCode::CREATED,
            running.await.map_err(|_| Problem::internal())??,
        )
    };
    let mut answer = imported(&import, name, done).await?;
    if closes_nothing {
        let why = "a table closes nothing without a target, for it does not say what it covers";
        answer.not_whole.push(why.to_owned());
    }
    Ok((status, Json(answer)))
}

async fn imported(import: &Import, format: &'static str, done: Done) -> Result<Imported, Problem> {
    let ids = done.prepared.target_ids();
    let open = import
        .records
        .store()
        .read(move |tx| targets::open(tx, &ids).map_err(Problem::from))
        .await?;
    let open = if done.scan.is_none() {
        afterwards(open, &done)
    } else {
        open
    };
    Ok(Imported {
        format,
        tools: done.prepared.tools.clone(),
        target: done.prepared.target(),
        whole: done.prepared.whole,
        not_whole: done.prepared.not_whole.clone(),
        scan: done.scan.map(Into::into),
        counts: done.counts,
        severities: done.tally.severities,
        open,
        skipped_more: done.counts.skipped.saturating_sub(done.skipped.len() as u64),
        skipped: done.skipped,
        closing: done
            .closing
            .into_iter()
            .map(|(id, title)| Closing { id, title })
            .collect(),
    })
}

/// The open findings after what a preview says would happen.
fn afterwards(mut open: BTreeMap<Severity, u64>, done: &Done) -> BTreeMap<Severity, u64> {
    let severities = &done.tally.severities;
    for (severity, more) in severities.created.iter().chain(&severities.reopened) {
        *open.entry(*severity).or_default() += more;
    }
    for (severity, fewer) in &severities.closed {
        let left = open.entry(*severity).or_default();
        *left = left.saturating_sub(*fewer);
    }
    open.retain(|_, count| *count > 0);
    open
}

const BY_NAME: &str = "select id from projects where company_id = $1 and name = $2 limit 2";

/// The project of an import, by its id or its name, if the place is there at all.
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
        return Err(Problem::field("project", "give the id or the name, not both"));
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
            Err(Problem::field("project_id", "project not found in this company"))
        }
        outcome => outcome.map(drop),
    }
}

type SurveyedFile = (&'static Format, Arc<dyn Surveyed>, File);

/// Surveys the whole report.
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

/// What is said of a file that is not a readable report: what is wrong, and where.
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
    tracing::error!(%error, "a spooled report could not be read");
    Problem::internal()
}

/// The first rows of a table, for saying which column is which.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TablePreview {
    /// The names of its columns.
    header: Vec<String>,
    /// The first five rows below it.
    rows: Vec<Vec<String>>,
    /// The tool whose export it is, where that is known.
    layout: Option<&'static str>,
    /// Which column is which, as far as that is recognized.
    columns: Vec<TableColumn>,
    /// What a column can be: the names that `columns=` of an import takes.
    names: Vec<&'static str>,
    /// What is missing or ambiguous; null for a table that can be imported as it is.
    fault: Option<String>,
}

/// A column of a table.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TableColumn {
    /// What it is: one of the names.
    name: &'static str,
    /// What the header calls it.
    column: String,
}

/// How a table is to be read.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TableQuery {
    /// Which column is which, as `severity:Risk,title:Name`.
    columns: Option<String>,
    /// The encoding, where it is neither UTF-8 nor UTF-16: `windows-1252`.
    encoding: Option<String>,
}

/// The first rows of a table
///
/// For saying which column is which before it is imported. Nothing is stored.
#[utoipa::path(
    post,
    path = "/scans/table-preview",
    tag = "scans",
    operation_id = "preview_table",
    params(TableQuery),
    request_body(content((String = "text/csv"), (ReportForm = "multipart/form-data"))),
    responses(
        (status = 200, description = "Its first rows", body = TablePreview),
        (status = 422, description = "Not a table", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn table_preview(
    State(import): State<Import>,
    _: Caller,
    Query(query): Query<TableQuery>,
    request: Request,
) -> Result<Json<TablePreview>, Problem> {
    let _place = import.places.try_acquire().map_err(|_| Problem::too_many(BUSY))?;
    let clock = import.records.store().clock().clone();
    let mut file = spool::spool(request, &import.folder, import.limits, &clock).await?;
    let options = Options {
        columns: query.columns.unwrap_or_default(),
        encoding: query.encoding.unwrap_or_default(),
        ..Options::default()
    };
    let looking = tokio::task::spawn_blocking(move || formats::preview_rows(&mut file, &options));
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
    /// What an entry is, and what it is recognized by in the next report.
    identity: &'static str,
    /// Whether a whole report closes what it no longer holds without `close=auto` and a `target`.
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
#[expect(clippy::unused_async, reason = "handlers are")]
pub async fn import_formats(_: Caller) -> Json<Vec<ImportFormat>> {
    let described = formats::FORMATS.iter().map(|format| ImportFormat {
        name: format.name,
        title: format.title,
        identity: format.identity,
        closes: format.closes,
    });
    Json(described.collect())
}
