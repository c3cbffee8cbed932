//! What the description says of every call that creates: it takes an `Idempotency-Key`.
//!
//! Owns: which calls those are, and the wording. Must not: know how a key works; `access::idempotency` does.

use access::idempotency::LENGTH;
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder, Schema, Type,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
    schema::{AllOfBuilder, OneOfBuilder},
};

/// Calls that answer 201 and keep nothing: what they answer is a secret and nothing else, so that the same answer
/// without its secrets would be none.
pub const WITHOUT: &[&str] = &["/api/v1/stream/tickets"];

/// Answers with a secret, and what they are without it: a repeated request is answered with the latter.
const WITH_SECRET: &[(&str, &str)] = &[("MadeToken", "Token"), ("MadeFeed", "CalendarFeed")];

/// Says it of each of them.
pub(crate) fn describe(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if !WITHOUT.contains(&path.as_str())
            && let Some(operation) = creates(item)
        {
            takes_key(operation);
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

fn takes_key(operation: &mut Operation) {
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
                "The idempotency key was used for another request, or what is there stands in the way",
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
            "A text of the caller's choice, such as a random UUID. The same request with the same key within 24 hours \
             creates nothing more and is answered as before, with `repeated` and without secrets; another request with \
             it is refused with 409. A request that was refused does not use up its key.",
        ))
        .schema(Some(text))
        .build()
}

/// What was created, or its first answer again.
fn may_be_repeated(created: RefOr<Schema>) -> RefOr<Schema> {
    let repeated = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("`true` where a request was repeated; left out otherwise."));
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
        .description(Some("Where a request was repeated: without the secret."))
        .item(stored)
        .item(marked);
    let either = OneOfBuilder::new().item(created).item(again);
    RefOr::T(Schema::OneOf(either.build()))
}

/// What is answered in place of a schema with a secret, if it is one.
fn without_secret(created: &RefOr<Schema>) -> Option<Ref> {
    let RefOr::Ref(created) = created else { return None };
    let name = created.ref_location.rsplit('/').next()?;
    let (_, stored) = WITH_SECRET.iter().find(|(with, _)| *with == name)?;
    Some(Ref::from_schema_name(*stored))
}
