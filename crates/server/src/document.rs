//! The OpenAPI document: what the routes declare, and what applies to all of them.
//!
//! Owns: which problems an operation returns, and what applies to every parameter and number. Must not: describe
//! a single operation; its handler does.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Components, PathItem, Ref, RefOr, Required, Schema,
        extensions::Extensions,
        path::{HttpMethod, Operation, Parameter, ParameterIn},
        schema::{AdditionalProperties, ArrayItems, Object, SchemaType, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

mod problems;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Campanile",
        description = "The real-time operations server for vulnerability programs.",
        license(name = "Apache-2.0 OR MIT")
    ),
    security(("token" = []), ("cookie" = [])),
    modifiers(&Credentials)
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(access::SESSION_COOKIE));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
}

/// The document for these routes below `root`.
pub(crate) fn of(root: &str, routes: openapi::OpenApi) -> openapi::OpenApi {
    let mut document = Document::openapi().nest(root, routes);
    let mut components = document.components.take().unwrap_or_default();
    for path in document.paths.paths.values_mut() {
        for (method, operation) in operations(path) {
            problems::explain(&method, operation);
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    may_be_empty(parameter);
                    without_controls(parameter);
                }
            }
            stream_schema(operation);
        }
    }
    problems::add(&mut components);
    join_parts(&mut components);
    for schema in components.schemas.values_mut() {
        each(schema, &mut bound_number);
    }
    for path in document.paths.paths.values_mut() {
        for (_, operation) in operations(path) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(Parameter {
                    schema: Some(schema), ..
                }) = parameter
                {
                    each(schema, &mut bound_number);
                }
            }
        }
    }
    document.components = Some(components);
    document
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, path.get.as_mut()),
        (HttpMethod::Put, path.put.as_mut()),
        (HttpMethod::Post, path.post.as_mut()),
        (HttpMethod::Delete, path.delete.as_mut()),
        (HttpMethod::Patch, path.patch.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// A query parameter without a value counts as omitted: see [`access::Query`]. A list already allows it.
fn may_be_empty(parameter: &mut Parameter) {
    let optional = parameter.parameter_in == ParameterIn::Query && parameter.required != Required::True;
    if optional && !matches!(parameter.schema, Some(RefOr::T(Schema::Array(_)))) {
        let extensions = parameter.extensions.get_or_insert_with(Default::default);
        extensions.merge(Extensions::from_iter([("allowEmptyValue", true)]));
    }
}

/// No query parameter contains a control character, and a required one has a value: see [`access::Query`].
fn without_controls(parameter: &mut Parameter) {
    if parameter.parameter_in != ParameterIn::Query {
        return;
    }
    let required = parameter.required == Required::True;
    if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema {
        let free = object.pattern.is_none() && object.format.is_none() && object.enum_values.is_none();
        if free && object.schema_type == SchemaType::Type(Type::String) {
            object.min_length = required.then_some(1);
            object.pattern = Some(r"^[^\u0000-\u001f\u007f]*$".to_owned());
        }
    }
}

/// A stream is a sequence of messages, which the schema of one string does not describe.
fn stream_schema(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && let Some(RefOr::T(content)) = response.content.get_mut("text/event-stream")
        {
            content.schema = None;
        }
    }
}

/// Calls `f` with each object in a schema.
fn each(schema: &mut RefOr<Schema>, f: &mut impl FnMut(&mut Object)) {
    let RefOr::T(schema) = schema else {
        return;
    };
    match schema {
        Schema::Object(object) => {
            f(object);
            for property in object.properties.values_mut() {
                each(property, f);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                each(items, f);
            }
        }
        Schema::OneOf(of) => of.items.iter_mut().for_each(|item| each(item, f)),
        Schema::AllOf(of) => of.items.iter_mut().for_each(|item| each(item, f)),
        Schema::AnyOf(of) => of.items.iter_mut().for_each(|item| each(item, f)),
        _ => {}
    }
}

/// Adds the limits of a 32-bit number: not every client derives them from the format.
fn bound_number(object: &mut Object) {
    let integer = match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::Integer,
        SchemaType::Array(kinds) => kinds.contains(&Type::Integer),
        SchemaType::AnyValue => false,
    };
    if integer && object.maximum.is_none() && is_int32(object) {
        object.maximum = Some(if object.minimum.is_some() {
            u32::MAX.into()
        } else {
            i32::MAX.into()
        });
    }
}

fn is_int32(object: &Object) -> bool {
    use openapi::{KnownFormat, SchemaFormat};
    matches!(object.format, Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
}

/// Joins a body of several parts into one object: only then can it forbid other fields.
fn join_parts(components: &mut Components) {
    let joined: Vec<(String, Object)> = components
        .schemas
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), joined(schema, components)?)))
        .collect();
    for (name, object) in joined {
        components.schemas.insert(name, RefOr::T(Schema::Object(object)));
    }
}

/// The object that a schema composed of objects amounts to, if one of them is closed.
fn joined(schema: &RefOr<Schema>, components: &Components) -> Option<Object> {
    let RefOr::T(Schema::AllOf(all)) = schema else {
        return None;
    };
    let mut whole = Object::new();
    whole.description.clone_from(&all.description);
    let mut closed = false;
    for part in &all.items {
        let part = match part {
            RefOr::Ref(Ref { ref_location, .. }) => {
                components.schemas.get(ref_location.rsplit('/').next()?)?
            }
            part @ RefOr::T(_) => part,
        };
        let RefOr::T(Schema::Object(part)) = part else {
            return None;
        };
        closed |= matches!(
            part.additional_properties.as_deref(),
            Some(AdditionalProperties::FreeForm(false))
        );
        whole.required.extend(part.required.iter().cloned());
        let properties = part.properties.iter();
        whole
            .properties
            .extend(properties.map(|(name, property)| (name.clone(), property.clone())));
    }
    whole.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    closed.then_some(whole)
}
