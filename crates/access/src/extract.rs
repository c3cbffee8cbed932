//! Extractors for bodies, queries and paths, whose rejections are problems.

use std::{fmt, marker::PhantomData};

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::{StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::problem::{FieldError, Problem};

/// The most characters quoted of what was sent.
const QUOTE: usize = 200;

/// A JSON body, which is an object, or a JSON response. Bodies deny unknown fields: `#[serde(deny_unknown_fields)]`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// The query. Unknown parameters are ignored, so that a handler may take two of these; one without a value counts as
/// omitted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// The path's parameters. A text that is not an id is answered with 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<Object<T>>::from_request(request, state).await {
            Ok(axum::Json(Object(value))) => Ok(Self(value)),
            Err(rejection) => Err(json_problem(&rejection)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if has_controls(query) {
            return Err(Problem::field(
                "",
                "the query must not contain control characters",
            ));
        }
        let given: Vec<_> = query.split('&').filter(|pair| has_value(pair)).collect();
        let given = Uri::builder()
            .path_and_query(format!("/?{}", given.join("&")))
            .build();
        let given = given.map_err(|_| Problem::field("", "the query cannot be parsed"))?;
        match axum::extract::Query::<T>::try_from_uri(&given) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::fields(vec![field_error(&cause(&rejection))])),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

/// Deserializes a part of a body that must be an object, like the whole body: `#[serde(deserialize_with = "access::object")]`.
///
/// # Errors
/// The deserializer's.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// As [`object`], for a part that may be null or, with `default`, omitted.
///
/// # Errors
/// The deserializer's.
pub fn optional_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

/// As [`object`], for a list of objects.
///
/// # Errors
/// The deserializer's.
pub fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

/// Accepts only an object. By default serde also reads a struct from an array, field by field in the order of the
/// code, so that `[]` would be a body without any fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

fn json_problem(rejection: &JsonRejection) -> Problem {
    match rejection {
        JsonRejection::JsonDataError(error) => Problem::fields(vec![field_error(&cause(error))]),
        JsonRejection::JsonSyntaxError(error) => Problem::fields(vec![syntax_error(&cause(error))]),
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body must be sent as Content-Type: application/json.",
        ),
        other => body_problem(other.status()),
    }
}

/// The problem for a body that was refused with this status.
pub(crate) fn body_problem(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(status, "The body is too large.")
    } else {
        Problem::new(StatusCode::BAD_REQUEST, "The body is incomplete.")
    }
}

/// The text of the innermost error: `path: what`, or only `what` for the whole body.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    // The first level is the rejection, the second what it wraps. Deeper ones repeat it without the path.
    if let Some(source) = error.source() {
        innermost = source;
    }
    quote(&innermost.to_string())
}

/// The error for invalid JSON. If a name is expected, such as a severity, the deserializer also reports a number or a list as
/// invalid JSON: then the field is named.
fn syntax_error(text: &str) -> FieldError {
    match path_and_rest(text) {
        ("", what) => FieldError::new("", format!("not JSON: {what}")),
        (path, what) => FieldError::new(path, format!("invalid JSON, or the wrong type: {what}")),
    }
}

/// The path of a serde error, empty for the whole body, and its text.
fn path_and_rest(text: &str) -> (&str, &str) {
    text.split_once(": ")
        .filter(|(path, _)| !path.contains([' ', '`']))
        .unwrap_or(("", text))
}

/// The field of a serde error, as far as it is named.
fn field_error(text: &str) -> FieldError {
    let (path, what) = path_and_rest(text);
    // For a missing or unknown field serde names the field, but not as the path.
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| what.strip_prefix(start))
        .and_then(|rest| rest.split('`').next());
    let field = match named {
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None => path.to_owned(),
    };
    // The line and column do not help a client that sent an object.
    let what = what.split(" at line ").next().unwrap_or(what);
    FieldError::new(field, what)
}

/// Text without control characters, truncated: it is shown only to its sender.
fn quote(text: &str) -> String {
    let mut quoted: String = text
        .chars()
        .filter(|char| !char.is_control())
        .take(QUOTE + 1)
        .collect();
    if quoted.chars().count() > QUOTE {
        quoted.pop();
        quoted.push('…');
    }
    quoted
}

/// Whether a query parameter has a value.
fn has_value(pair: &str) -> bool {
    pair.split_once('=').is_some_and(|(_, value)| !value.is_empty())
}

/// Whether a query contains an encoded control character: no filter needs one, and PostgreSQL cannot take a NUL.
fn has_controls(query: &str) -> bool {
    query.bytes().any(|byte| byte < b' ' || byte == 0x7f)
        || query.match_indices('%').any(|(at, _)| {
            query
                .get(at + 1..at + 3)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                .is_some_and(|byte| byte < b' ' || byte == 0x7f)
        })
}
