//! Which problems an operation returns.
//!
//! A handler declares only that there are problems (`status = "default"`), and what is special about one; what
//! each kind of operation can return is defined here, once.

use access::{PROBLEM_CONTENT_TYPE, Problem};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder,
        path::{HttpMethod, Operation},
        schema::{ObjectBuilder, Type},
    },
};

/// When an operation can return a problem.
#[derive(Clone, Copy)]
enum When {
    Always,
    /// It needs a caller.
    SignedIn,
    /// It names something in its path, its query or its body.
    Named,
    /// It has a body.
    Body,
    /// It changes something.
    Write,
    /// It is rate limited: every request of a signed-in user, of others only those that do more than read.
    Counted,
}

struct Kind {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    when: When,
}

const fn kind(status: &'static str, name: &'static str, when: When, description: &'static str) -> Kind {
    Kind {
        status,
        name,
        description,
        when,
    }
}

const KINDS: [Kind; 13] = [
    kind("400", "BadRequest", When::Body, "The body is incomplete"),
    kind(
        "401",
        "Unauthorized",
        When::SignedIn,
        "No credentials, or invalid ones",
    ),
    kind(
        "403",
        "Forbidden",
        When::SignedIn,
        "The caller does not have permission, or a request with the cookie does not prove its origin",
    ),
    kind(
        "404",
        "NotFound",
        When::Named,
        "Not found, or the caller has no access to it",
    ),
    kind("408", "RequestTimeout", When::Always, "The request took too long"),
    kind(
        "409",
        "Conflict",
        When::Write,
        "The request conflicts with the current state",
    ),
    kind("413", "ContentTooLarge", When::Body, "The body is too large"),
    kind(
        "415",
        "UnsupportedMediaType",
        When::Body,
        "The content type of the body is not supported",
    ),
    kind(
        "422",
        "UnprocessableContent",
        When::Named,
        "A field is invalid; `errors` says which, and why",
    ),
    kind(
        "429",
        "TooManyRequests",
        When::Counted,
        "Too many concurrent or too frequent requests; `Retry-After` says when to retry",
    ),
    kind(
        "500",
        "InternalServerError",
        When::Always,
        "Internal server error; the server's log has the details",
    ),
    kind(
        "503",
        "ServiceUnavailable",
        When::Always,
        "Temporarily unavailable; `Retry-After` says when to retry",
    ),
    kind(
        "507",
        "InsufficientStorage",
        When::Write,
        "Storage is full: only reading is possible",
    ),
];

/// Replaces "some problem" by the problems that an operation can return.
pub(super) fn explain(method: &HttpMethod, operation: &mut Operation) {
    operation.responses.responses.remove("default");
    let met: Vec<&Kind> = KINDS
        .iter()
        .filter(|kind| applies(kind.when, method, operation))
        .collect();
    for kind in met {
        operation
            .responses
            .responses
            .entry(kind.status.to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::new(format!("#/components/responses/{}", kind.name))));
    }
}

fn applies(when: When, method: &HttpMethod, operation: &Operation) -> bool {
    let reads = *method == HttpMethod::Get;
    match when {
        When::Always => true,
        // `security(())` means that no caller is needed.
        When::SignedIn => operation.security.is_none(),
        When::Named => {
            operation.request_body.is_some() || operation.parameters.iter().flatten().next().is_some()
        }
        When::Body => operation.request_body.is_some(),
        When::Write => !reads,
        When::Counted => operation.security.is_none() || !reads,
    }
}

/// Adds the responses themselves.
pub(super) fn add(components: &mut Components) {
    for kind in &KINDS {
        components
            .responses
            .insert(kind.name.to_owned(), RefOr::T(response(kind)));
    }
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

fn response(kind: &Kind) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .build();
    let response = ResponseBuilder::new()
        .description(kind.description)
        .content(PROBLEM_CONTENT_TYPE, content);
    let response = match kind.status {
        "401" => response.header(
            "WWW-Authenticate",
            HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .build(),
        ),
        "429" | "503" => response.header(
            "Retry-After",
            HeaderBuilder::new()
                .description(Some("Seconds"))
                .schema(Some(
                    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)),
                ))
                .build(),
        ),
        _ => response,
    };
    response.build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    #[test]
    fn every_operation_has_a_unique_name() {
        let document: Value = serde_json::from_str(&crate::router::document_text()).unwrap();
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap().to_owned();
                let what = format!("{method} {path}");
                assert_eq!(named.insert(name.clone(), what.clone()), None, "{name}: {what}");
            }
        }
    }

    #[test]
    fn every_operation_declares_its_problems() {
        let document: Value = serde_json::from_str(&crate::router::document_text()).unwrap();
        let answers = &document["components"]["responses"];
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                let what = format!("{method} {path}");
                assert!(!responses.contains_key("default"), "{what}");
                let mut expected = vec!["408", "500", "503"];
                if operation["security"].is_null() {
                    expected.extend(["401", "403", "429"]);
                }
                if operation["requestBody"].is_object() {
                    expected.extend(["400", "404", "413", "415", "422"]);
                }
                if method != "get" {
                    expected.extend(["409", "507"]);
                }
                for status in expected {
                    assert!(responses.contains_key(status), "{what}: {status}");
                }
                for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                    let shared = response["$ref"].as_str().and_then(|name| name.rsplit('/').next());
                    let response = shared.map_or(response, |name| &answers[name]);
                    let content = response["content"].as_object().unwrap();
                    let kinds: Vec<_> = content.keys().collect();
                    assert_eq!(kinds, [super::PROBLEM_CONTENT_TYPE], "{what}: {status}");
                }
            }
        }
    }
}
