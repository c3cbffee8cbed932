//! The response to a failed request: RFC 9457.
//!
//! Owns: [`Problem`], the only place that knows status codes.
//! Must not: reveal more than the caller may know: all 404s are alike, and internal errors go to the log.

use std::{fmt, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::Id;
use serde::Serialize;

use crate::validate::Invalid;

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// After how long to retry while the database does not answer.
const RETRY: Duration = Duration::from_secs(2);

/// Why a request failed, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    record: Option<Id>,
    denied: bool,
}

/// Marks a response that refused a possibly unauthorized attempt: missing or invalid credentials, a wrong
/// password, missing permission, too many attempts. The server logs those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The reason, in a sentence without anything that was sent.
    pub reason: String,
}

/// An invalid field of a body or a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field, with its path if nested: `recipients.emails[2]`. Empty for the whole body or query.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl FieldError {
    /// An error in a field.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

impl Problem {
    /// A problem with any other status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            record: None,
            denied: matches!(
                status,
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
            ),
        }
    }

    /// 404: does not exist, or the caller has no access. It takes no detail, so that the two cannot be distinguished.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found, or you do not have access.")
    }

    /// 401: missing or invalid credentials.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Sign in, or send a valid token as Authorization: Bearer.",
        )
    }

    /// 403: the caller does not have permission.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 409: conflicts with the current state.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 422: invalid input.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 422: these fields are invalid.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] if !one.field.is_empty() => format!("{}: {}", one.field, one.detail),
            [one] => one.detail.clone(),
            many => format!("{} fields are invalid.", many.len()),
        };
        Self {
            errors,
            ..Self::unprocessable(detail)
        }
    }

    /// 422: this field is invalid.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError::new(field, detail)])
    }

    /// 413: larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {limit} bytes."),
        )
    }

    /// 429: too often; retry after this time.
    pub fn too_many(retry_after: Duration) -> Self {
        Self::busy(retry_after, "Too many attempts. Try again later.")
    }

    /// 429: too many concurrent requests of this kind; retry after this time.
    pub fn busy(retry_after: Duration, detail: impl Into<String>) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
        }
    }

    /// 503: temporarily unavailable.
    pub fn unavailable() -> Self {
        Self::unavailable_because("The server is temporarily unavailable. Try again in a moment.")
    }

    /// 503: temporarily unavailable, for this reason.
    pub fn unavailable_because(detail: impl Into<String>) -> Self {
        Self {
            retry_after: Some(RETRY),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    /// 500: internal error. The log has the details.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on the server. The server's log has the details.",
        )
    }

    /// The same, naming the conflicting record.
    #[must_use]
    pub fn about(self, record: Id) -> Self {
        Self {
            record: Some(record),
            ..self
        }
    }

    /// Marks it as [`Denied`], whatever the status: for a wrong password.
    #[must_use]
    pub(crate) fn denied(self) -> Self {
        Self { denied: true, ..self }
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The detail, in a sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The invalid fields, if any.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Problem")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl From<Invalid> for Problem {
    fn from(Invalid(errors): Invalid) -> Self {
        Self::fields(errors)
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        use store::Error as Cause;
        match error {
            Cause::Unavailable | Cause::Contended | Cause::Closed => Self::unavailable(),
            Cause::Busy => {
                Self::unavailable_because("Too many searches are running at once. Try again in a moment.")
            }
            Cause::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "The storage is full. Only reading is possible.",
            ),
            Cause::ReadOnly => {
                Self::unavailable_because("The database is read-only. Only reading is possible.")
            }
            Cause::Unique => Self::conflict("This conflicts with an existing entry."),
            Cause::Foreign => Self::conflict(
                "This refers to something that no longer exists, or something else still refers to it.",
            ),
            other => {
                tracing::error!(error = %other, "a request failed in the store");
                Self::internal()
            }
        }
    }
}

/// The body, in the order of RFC 9457.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
struct Body<'a> {
    /// Always `about:blank`: the status says everything.
    r#type: &'a str,
    /// The name of the status.
    title: &'a str,
    /// The status code.
    status: u16,
    /// What is wrong, in a sentence.
    detail: &'a str,
    /// For an invalid body or query: the errors by field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// For a conflict with a single record: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    record_id: Option<Id>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
            record_id: self.record,
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.denied {
            let reason = self.detail;
            response.extensions_mut().insert(Denied { reason });
        }
        response
    }
}

impl utoipa::ToSchema for Problem {
    fn name() -> std::borrow::Cow<'static, str> {
        <Body<'_> as utoipa::ToSchema>::name()
    }
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        <Body<'_> as utoipa::ToSchema>::schemas(schemas);
    }
}

impl utoipa::PartialSchema for Problem {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Body<'_> as utoipa::PartialSchema>::schema()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parts(problem: Problem) -> (StatusCode, axum::http::HeaderMap, String) {
        let response = problem.into_response();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn has_the_shape_of_the_rfc() {
        let (status, headers, body) = parts(Problem::field("name", "it is empty")).await;
        assert_eq!(status, 422);
        assert_eq!(headers[header::CONTENT_TYPE], CONTENT_TYPE);
        assert_eq!(
            body,
            r#"{"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"name: it is empty","errors":[{"field":"name","detail":"it is empty"}]}"#
        );
        let (_, headers, _) = parts(Problem::too_many(Duration::from_millis(1500))).await;
        assert_eq!(headers[header::RETRY_AFTER], "2");
    }

    #[tokio::test]
    async fn an_error_of_the_store_does_not_reveal_its_text() {
        let (status, _, body) = parts(store::Error::Database("secret".to_owned()).into()).await;
        assert_eq!(status, 500);
        assert!(!body.contains("secret"));
        for (error, expected) in [
            (store::Error::Unavailable, 503),
            (store::Error::Contended, 503),
            (store::Error::Closed, 503),
            (store::Error::Busy, 503),
            (store::Error::Full, 507),
            (store::Error::ReadOnly, 503),
            (store::Error::Unique, 409),
            (store::Error::Foreign, 409),
            (store::Error::Panicked, 500),
        ] {
            assert_eq!(Problem::from(error).status(), expected);
        }
    }
}
