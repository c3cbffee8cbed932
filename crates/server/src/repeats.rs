//! Documents the `Idempotency-Key` of every call that creates.
//!
//! Owns: which calls those are, and the wording. Must not: know how keys work; `access::idempotency` does.

use access::idempotency::LENGTH;
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder, Schema, Type,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
    schema::{AllOfBuilder, OneOfBuilder},
};

/// Calls that answer 201 and store nothing: their response is only a secret, so that it would be
/// empty without it.
pub const WITHOUT: &[&str] = &["/api/v1/stream/tickets"];

/// Responses with a secret, and their schemas without it: a repeated request returns the latter.
const WITH_SECRET: &[(&str, &str)] = &[("MadeToken", "Token"), ("MadeFeed", "CalendarFeed")];

/// Documents it for each of them.
pub(crate) fn describe(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if !WITHOUT.contains(&path.as_str())
            && let Some(operation) = creates(item)
        {
            document_key(operation);
        }
    }
}

/// The call of this path that creates, if there is one.
fn creates(item: &mut PathItem) -> Option<&mut Operation> {
    let operation = item.post.as_mut()?;
    operation
        .responses
        .responses
        .contains_key("201")
        .then_some(operation)
}

fn document_key(operation: &mut Operation) {
    operation
        .parameters
        .get_or_insert_default()
        .push(RefOr::T(header()));
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(created)) = responses.get_mut("201") {
        for content in created.content.values_mut() {
            if let RefOr::T(content) = content {
                content.schema = content.schema.take().map(may_be_repeated);
            }
        }
    }
    responses.entry("409".to_owned()).or_insert_with(|| {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        ResponseBuilder::new()
            .description(
                "The idempotency key was used for a different request, or the request conflicts with the current state",
            )
            .content(access::PROBLEM_CONTENT_TYPE, problem.build())
            .build()
            .into()
    });
}

fn header() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(LENGTH))
        .pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A unique value chosen by the client, such as a random UUID. The same request with the same key within 24 hours \
             creates nothing and returns the first response with `repeated` and without secrets; a different request with \
             it is refused with 409. A refused request does not use up its key.",
        ))
        .schema(Some(text))
        .build()
}

/// What was created, or the first response again.
fn may_be_repeated(created: RefOr<Schema>) -> RefOr<Schema> {
    let repeated = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("`true` for a repeated request; omitted otherwise."));
    let Some(stored) = without_secret(&created) else {
        let both = AllOfBuilder::new()
            .item(created)
            .item(ObjectBuilder::new().property("repeated", repeated));
        return RefOr::T(Schema::AllOf(both.build()));
    };
    let marked = ObjectBuilder::new()
        .property("repeated", repeated.enum_values(Some([true])))
        .required("repeated");
    let again = AllOfBuilder::new()
        .description(Some("For a repeated request: without the secret."))
        .item(stored)
        .item(marked);
    let either = OneOfBuilder::new().item(created).item(again);
    RefOr::T(Schema::OneOf(either.build()))
}

/// The replacement for a schema with a secret, if it is one.
fn without_secret(created: &RefOr<Schema>) -> Option<Ref> {
    let RefOr::Ref(created) = created else { return None };
    let name = created.ref_location.rsplit('/').next()?;
    let (_, stored) = WITH_SECRET.iter().find(|(with, _)| *with == name)?;
    Some(Ref::from_schema_name(*stored))
}
