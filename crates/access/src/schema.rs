//! Schemas for the texts of bodies and queries: what [`validate`](crate::validate) accepts.
//!
//! Owns: one type per kind of text, used where a field is declared, with the limit that its check uses:
//! `#[schema(value_type = Line<{ MAX }>)]`. Must not: check anything.

use std::borrow::Cow;

use base::Id;
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat,
        extensions::Extensions,
        schema::{SchemaType, Type},
    },
};

/// Control characters, and the two line separators that are not: a line contains none of them.
const CONTROLS: &str = r"\u0000-\u001f\u007f-\u009f\u2028\u2029";

/// The control characters that no text may contain: all but tab and line ends.
const CONTROLS_OF_BLOCKS: &str = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f";

/// The spaces that a line may contain.
const BLANKS: &str = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000";

/// Invisible characters, and those that look like a space. Those beyond the first 65,536 code points are omitted: regex dialects
/// differ in how to write them.
const HIDDEN: &str = r"\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb";

/// What [`str::trim`] removes.
const TRIMMED: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// A text that does not consist of spaces only.
pub(crate) fn not_blank() -> String {
    format!("[^{TRIMMED}]")
}

/// Text without characters of the first class, with at least one that is not in the second either.
fn holding(never: &str, blank: &str) -> String {
    format!("^[^{never}]*[^{never}{blank}][^{never}]*$")
}

/// A text of at most `max` characters that matches the pattern.
pub fn text(min: usize, max: usize, pattern: impl Into<String>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length((min > 0).then_some(min))
        .max_length(Some(max))
        .pattern(Some(pattern.into()))
        .into()
}

/// A text that matches the pattern.
pub fn matching(pattern: impl Into<String>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern.into()))
        .into()
}

/// One of these words.
pub fn one_of<T: Into<serde_json::Value>>(words: impl IntoIterator<Item = T>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .into()
}

/// A keyword of schemas, and its value.
pub type Keyword = (&'static str, Value);

/// The schema of an object, and one more keyword about the relation of its fields. Several would have no order.
pub fn with(object: RefOr<Schema>, keyword: Keyword) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = object else {
        return object;
    };
    let extensions = object.extensions.get_or_insert_default();
    extensions.merge(Extensions::from_iter([keyword]));
    object.into()
}

/// Exactly one of these text fields is set; null counts as omitted.
pub fn exactly_one(fields: &[&str]) -> Keyword {
    let text = json!({"type": "string"});
    let given = fields.iter().map(|field| given(field, &text));
    ("oneOf", given.collect())
}

/// At least one of these lists is not empty.
pub fn some_of(lists: &[&str]) -> Keyword {
    let filled = json!({"type": "array", "minItems": 1});
    let given = lists.iter().map(|list| given(list, &filled));
    ("anyOf", given.collect())
}

/// If a field is one of these words, another one is set and matches a schema.
pub fn needs<T: Into<Value>>(
    field: &str,
    words: impl IntoIterator<Item = T>,
    (needed, schema): (&str, &Value),
) -> Keyword {
    let words: Vec<Value> = words.into_iter().map(Into::into).collect();
    let case = json!({"if": given(field, &json!({"enum": words})), "then": given(needed, schema)});
    ("allOf", json!([case]))
}

fn given(field: &str, schema: &Value) -> Value {
    json!({"required": [field], "properties": {field: schema}})
}

/// Defines the schema of a body whose fields depend on each other: its fields' schema [`with`](schema::with) a keyword.
#[macro_export]
macro_rules! described_with {
    ($(#[doc = $about:literal])+ $visibility:vis $name:ident, $body:ty, $keyword:expr) => {
        $(#[doc = $about])+
        $visibility struct $name;

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                <$body as utoipa::ToSchema>::name()
            }

            fn schemas(
                schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
            ) {
                <$body as utoipa::ToSchema>::schemas(schemas);
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::schema::with(<$body as utoipa::PartialSchema>::schema(), $keyword)
            }
        }
    };
}

macro_rules! texts {
    ($($(#[doc = $about:literal])+ $name:ident $schema:expr;)+) => {$(
        $(#[doc = $about])+
        #[derive(Debug)]
        pub struct $name<const MAX: usize>;

        impl<const MAX: usize> ToSchema for $name<MAX> {
            fn name() -> Cow<'static, str> {
                Cow::Owned(format!("{}{MAX}", stringify!($name)))
            }
        }

        impl<const MAX: usize> PartialSchema for $name<MAX> {
            fn schema() -> RefOr<Schema> {
                let schema: fn(usize) -> RefOr<Schema> = $schema;
                schema(MAX)
            }
        }
    )+};
}

texts! {
    /// See [`validate::line`](crate::validate::line).
    Line |max| text(1, max, holding(CONTROLS, BLANKS));
    /// See [`validate::optional_line`](crate::validate::optional_line).
    OptionalLine |max| text(0, max, format!("^[^{CONTROLS}]*$"));
    /// See [`validate::name`](crate::validate::name).
    Name |max| text(1, max, holding(CONTROLS, &format!("{BLANKS}{HIDDEN}")));
    /// A name without a comma.
    Tag |max| text(1, max, holding(&format!("{CONTROLS},"), &format!("{BLANKS}{HIDDEN}")));
    /// See [`validate::block`](crate::validate::block).
    Block |max| text(0, max, format!("^[^{CONTROLS_OF_BLOCKS}]*$"));
    /// See [`validate::statement`](crate::validate::statement).
    Statement |max| text(1, max, holding(CONTROLS_OF_BLOCKS, &format!(r"\t\n\r\u2028\u2029{BLANKS}{HIDDEN}")));
    /// Printable ASCII.
    Printable |max| text(0, max, "^[ -~]*$");
}

/// A list of at most this many ids.
#[derive(Debug)]
pub struct Ids<const MAX: usize>;

impl<const MAX: usize> ToSchema for Ids<MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Ids{MAX}"))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Id::name().into_owned(), Id::schema()));
    }
}

impl<const MAX: usize> PartialSchema for Ids<MAX> {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(utoipa::openapi::Ref::from_schema_name(Id::name()))
            .max_items(Some(MAX))
            .into()
    }
}

/// See [`validate::email`](crate::validate::email).
#[derive(Debug)]
pub struct Email;

impl ToSchema for Email {}
impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
            .max_length(Some(crate::validate::EMAIL))
            // The format covers where dots may be.
            .pattern(Some("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]+$"))
            .into()
    }
}

/// Raw bytes.
#[derive(Debug)]
pub struct Bytes;

impl ToSchema for Bytes {}
impl PartialSchema for Bytes {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }
}

/// A user: an id, or `me`.
#[derive(Debug)]
pub struct PersonOrMe;

impl ToSchema for PersonOrMe {}
impl PartialSchema for PersonOrMe {
    fn schema() -> RefOr<Schema> {
        matching(format!("^(me|{ID})$"))
    }
}

/// The pattern of an id.
pub const ID: &str = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::{problem::FieldError, validate};

    const MAX: usize = 10;

    /// Whether a text matches a schema.
    fn fits(schema: &RefOr<Schema>, text: &str) -> bool {
        let RefOr::T(Schema::Object(schema)) = schema else {
            panic!("a schema of a text")
        };
        let length = text.chars().count();
        let pattern = Regex::new(schema.pattern.as_deref().unwrap()).unwrap();
        (schema.min_length.unwrap_or(0)..=schema.max_length.unwrap()).contains(&length)
            && pattern.is_match(text)
    }

    // Two descriptions of the same rule: a text is accepted if and only if the schema allows it.
    #[test]
    fn a_schema_matches_its_check() {
        type Check = fn(&str, &str, usize) -> Result<String, FieldError>;
        let kinds: [(&str, RefOr<Schema>, Check); 5] = [
            ("line", Line::<MAX>::schema(), validate::line),
            (
                "optional line",
                OptionalLine::<MAX>::schema(),
                validate::optional_line,
            ),
            ("name", Name::<MAX>::schema(), validate::name),
            ("block", Block::<MAX>::schema(), validate::block),
            ("statement", Statement::<MAX>::schema(), validate::statement),
        ];
        let (longest, longer) = ("é".repeat(MAX), "é".repeat(MAX + 1));
        let padded = format!("a{}", " ".repeat(MAX));
        let texts = [
            "", "a", " a ", "a b", "👩", "\u{301}", "a,b", &longest, &longer, &padded,
        ];
        let odd = "\0\u{1}\t\n\r\u{b}\u{1f} \u{7f}\u{85}\u{9f}\u{a0}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{1680}\u{180b}\u{180e}\
            \u{2000}\u{200a}\u{200b}\u{200d}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{202f}\u{205f}\u{2060}\u{206f}\u{2800}\u{3000}\
            \u{3164}\u{fdd0}\u{feff}\u{ffa0}\u{fff9}\u{fffb}\u{fffd}";
        let alone = odd.chars().map(String::from);
        let within = odd.chars().map(|char| format!("a{char}b"));
        let around = odd.chars().map(|char| format!("{char}a{char}"));
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        for text in texts.into_iter().chain(alone).chain(within).chain(around) {
            for (name, schema, check) in &kinds {
                let taken = check("field", &text, MAX).is_ok();
                assert_eq!(fits(schema, &text), taken, "{name}: {text:?}");
            }
        }
    }
}
