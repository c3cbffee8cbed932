//! The queries of an import, and their validation.

use access::{
    Problem,
    schema::{OptionalLine, one_of},
    validate::Check,
};
use base::{Id, text};
use serde::Deserialize;

use crate::{MAX_LINE, MAX_TITLE};

/// The destination of a scan report, and how to read it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The company the findings belong to.
    pub(super) company_id: Id,
    /// Its project; without one the findings belong only to the company.
    pub(super) project_id: Option<Id>,
    /// Its project by name, instead of the id; 409 if two projects have that name.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_TITLE }>>)]
    pub(super) project: Option<String>,
    /// The format, as described by `GET /import-formats`; recognized from the content by default.
    #[param(schema_with = format_names)]
    pub(super) format: Option<String>,
    /// What the scan report covers, such as an image or a branch: it closes only what earlier ones of the same tool and
    /// target found. By default what the scan report names, else the project. At most 300 characters.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_TARGET }>>)]
    pub(super) target: Option<String>,
    /// `auto` closes what a complete scan report no longer contains; `none` closes nothing. `auto` by default, except
    /// for a table, which closes only with `auto` and a `target`.
    #[param(inline)]
    pub(super) close: Option<Close>,
    /// Returns what would happen and changes nothing.
    #[serde(default)]
    pub(super) preview: bool,
    /// For a table: which column is which, as `severity:Risk,title:Name`.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    pub(super) columns: Option<String>,
    /// For a table that is neither UTF-8 nor UTF-16: `windows-1252`.
    #[param(inline, value_type = Option<EncodingName>)]
    pub(super) encoding: Option<String>,
}

/// The schema of the name of an encoding.
struct EncodingName;

impl utoipa::ToSchema for EncodingName {}
impl utoipa::PartialSchema for EncodingName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        one_of(formats::ENCODINGS.iter().copied())
    }
}

base::words! {
    /// Whether an import closes what the scan report no longer contains.
    pub(super) enum Close (Close) {
        /// If the scan report is complete and the latest of its target.
        Auto "auto",
        /// It closes nothing.
        None "none",
    }
}

/// The names of the formats.
fn format_names() -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(formats::FORMATS.iter().map(|format| format.name)))
        .build()
}

/// How to read a table.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TableQuery {
    /// Which column is which, as `severity:Risk,title:Name`.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    pub(super) columns: Option<String>,
    /// The encoding, if it is neither UTF-8 nor UTF-16: `windows-1252`.
    #[param(inline, value_type = Option<EncodingName>)]
    pub(super) encoding: Option<String>,
}

/// Maximum length of a target's name in characters.
const MAX_TARGET: usize = 300;

/// The name of what the scan report covers, if the caller states it.
pub(super) fn target(stated: Option<String>) -> Result<Option<String>, Problem> {
    let mut check = Check::new();
    let stated = check.optional_line("target", &stated.unwrap_or_default(), MAX_TARGET);
    check.done()?;
    let target = text::line(&formats::without_credentials(&stated), MAX_TARGET);
    Ok(Some(target).filter(|target| !target.is_empty()))
}

/// How to read a table: the columns and the encoding.
pub(super) fn of_table(
    columns: Option<String>,
    encoding: Option<String>,
) -> Result<(String, String), Problem> {
    let (columns, encoding) = (columns.unwrap_or_default(), encoding.unwrap_or_default());
    let mut check = Check::new();
    let columns = check.optional_line("columns", &columns, MAX_LINE);
    let known = formats::is_encoding(&encoding);
    check.that(known, "encoding", "must be utf-8, utf-16 or windows-1252");
    check.done()?;
    Ok((columns, encoding))
}
