//! What the queries of an import say, and what they must fit.

use access::{
    Problem,
    schema::{OptionalLine, one_of},
    validate::Check,
};
use base::{Id, text};
use serde::Deserialize;

use crate::{MAX_LINE, MAX_TITLE};

/// Where a report goes, and what it is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The company whose findings these are.
    pub(super) company_id: Id,
    /// Its project; without one the findings belong to the company alone.
    pub(super) project_id: Option<Id>,
    /// Its project by name, instead of the id; 409 if two have that name.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_TITLE }>>)]
    pub(super) project: Option<String>,
    /// The format, as `GET /import-formats` describes it; recognized by what is in the report where it is left out.
    #[param(schema_with = format_names)]
    pub(super) format: Option<String>,
    /// What the report covers, such as an image or a branch: it closes only what earlier reports of the same tool and target
    /// found. Left out, it is what the report names, else the project. At most 300 characters.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_TARGET }>>)]
    pub(super) target: Option<String>,
    /// `auto` closes what a whole report no longer holds; `none` closes nothing. `auto` by default, but for a table, which
    /// closes only with `auto` and a `target`.
    #[param(inline)]
    pub(super) close: Option<Close>,
    /// Answers what would happen and changes nothing.
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

/// Whether an import closes what the report no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Close {
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

/// How a table is to be read.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TableQuery {
    /// Which column is which, as `severity:Risk,title:Name`.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    pub(super) columns: Option<String>,
    /// The encoding, where it is neither UTF-8 nor UTF-16: `windows-1252`.
    #[param(inline, value_type = Option<EncodingName>)]
    pub(super) encoding: Option<String>,
}

/// Characters of a target's name, at most.
const MAX_TARGET: usize = 300;

/// The name of what the report covers, if the caller says it.
pub(super) fn target(said: Option<String>) -> Result<Option<String>, Problem> {
    let mut check = Check::new();
    let said = check.optional_line("target", &said.unwrap_or_default(), MAX_TARGET);
    check.done()?;
    let target = text::line(&formats::without_credentials(&said), MAX_TARGET);
    Ok(Some(target).filter(|target| !target.is_empty()))
}

/// How a table is to be read: the columns and the encoding.
pub(super) fn of_table(
    columns: Option<String>,
    encoding: Option<String>,
) -> Result<(String, String), Problem> {
    let (columns, encoding) = (columns.unwrap_or_default(), encoding.unwrap_or_default());
    let mut check = Check::new();
    let columns = check.optional_line("columns", &columns, MAX_LINE);
    let known = formats::is_encoding(&encoding);
    check.that(known, "encoding", "supported are utf-8, utf-16 and windows-1252");
    check.done()?;
    Ok((columns, encoding))
}
