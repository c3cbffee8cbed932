//! Destinations: every URL that messages are posted to, with its owner (a rule, a team or a person), and the mail server.
//!
//! Owns: their table, the one place where a URL is saved and turned on (`table`), their health and who is notified of
//! it (`health`), the chat fields of request and response bodies (`fields`).
//! Must not: return a URL unmasked, or decide who gets a message.

pub mod fields;
pub(crate) mod health;
pub mod http;
mod list;
mod table;

pub(crate) use health::off;
pub(crate) use table::{
    New, Owner, Stored, key, of_enabled_rules, of_owners, one, own, remove, remove_all, save, set_template,
    settle,
};
pub use table::{abandon, opens, reseal};

/// The schema of a URL in a body: printable ASCII, or masked as returned. Where it may lead is up to the channel and
/// the operator.
pub(crate) struct PostUrl;

impl utoipa::ToSchema for PostUrl {}
impl utoipa::PartialSchema for PostUrl {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .write_only(true)
            .min_length(Some(1))
            .max_length(Some(crate::channels::destination::MAX_BYTES))
            .pattern(Some(PATTERN_OF_URLS))
            .into()
    }
}

/// A URL of printable ASCII without a backslash and without a fragment, possibly with the character that replaces what
/// a mask hides.
const PATTERN_OF_URLS: &str = r#"^[hH][tT][tT][pP][sS]?://[!"$-\[\]-~\u2026]+$"#;

/// The same, or none.
const PATTERN_OF_FIELDS: &str = r#"^$|^[hH][tT][tT][pP][sS]?://[!"$-\[\]-~\u2026]+$"#;

#[cfg(test)]
mod tests;
