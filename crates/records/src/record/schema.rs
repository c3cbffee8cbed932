//! A record's bodies in the API document: objects whose properties come from the kinds of its fields.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema,
        schema::{AdditionalProperties, SchemaType, Type},
    },
};

type Parts = Vec<(String, RefOr<Schema>)>;

/// One property of an object.
pub struct Property {
    schema: RefOr<Schema>,
    /// The named schemas it refers to.
    parts: Parts,
    optional: bool,
    hidden: bool,
}

impl Property {
    /// A value of a named schema.
    pub(crate) fn named<T: ToSchema>() -> Self {
        let mut parts = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut parts);
        Self {
            schema: Ref::from_schema_name(T::name()).into(),
            parts,
            optional: false,
            hidden: false,
        }
    }

    /// A value whose schema has no name, such as a number.
    pub(crate) fn plain<T: PartialSchema>() -> Self {
        Self {
            schema: T::schema(),
            parts: Vec::new(),
            optional: false,
            hidden: false,
        }
    }

    /// The same number, up to `most`.
    pub(crate) fn up_to(mut self, most: u32) -> Self {
        if let RefOr::T(Schema::Object(object)) = &mut self.schema {
            object.maximum = Some(utoipa::Number::UInt(most as usize));
        }
        self
    }

    /// With this description.
    pub(crate) fn about(mut self, text: &str) -> Self {
        match &mut self.schema {
            RefOr::Ref(to) => text.clone_into(&mut to.description),
            RefOr::T(Schema::Object(object)) => object.description = Some(text.to_owned()),
            RefOr::T(Schema::Array(array)) => array.description = Some(text.to_owned()),
            // A named schema or null: next to the name.
            RefOr::T(Schema::OneOf(one)) => {
                if let Some(RefOr::Ref(to)) = one.items.first_mut() {
                    text.clone_into(&mut to.description);
                }
            }
            RefOr::T(_) => {}
        }
        self
    }

    /// Or null, or omitted.
    pub(crate) fn or_null(mut self) -> Self {
        self.schema = match self.schema {
            RefOr::T(Schema::Object(mut object)) => {
                if let SchemaType::Type(one) = object.schema_type {
                    object.schema_type = SchemaType::Array(vec![one, Type::Null]);
                }
                object.into()
            }
            schema => {
                let null = ObjectBuilder::new().schema_type(Type::Null);
                OneOfBuilder::new().item(schema).item(null).into()
            }
        };
        self.default()
    }

    /// Or omitted.
    pub(crate) fn default(mut self) -> Self {
        self.optional = true;
        self
    }

    /// It cannot be sent.
    pub(crate) fn skip(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// The schema of a body with these properties, and the named schemas it refers to. One that is sent has no others.
pub(crate) fn object<const N: usize>(
    about: &str,
    properties: [(&str, Property); N],
) -> (RefOr<Schema>, Parts) {
    let mut object = ObjectBuilder::new().description(Some(about.trim()));
    // Only what is shown has an id; a body has no other fields than these.
    if properties.iter().all(|(name, _)| *name != "id") {
        object = object.additional_properties(Some(AdditionalProperties::FreeForm(false)));
    }
    let mut parts = Vec::new();
    for (name, property) in properties.into_iter().filter(|(_, one)| !one.hidden) {
        if !property.optional {
            object = object.required(name);
        }
        object = object.property(name, property.schema);
        parts.extend(property.parts);
    }
    (object.into(), parts)
}

/// Describes a type of [`record!`](super::record) by its properties.
macro_rules! described {
    ($type:ident as $name:expr => $about:expr, $properties:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::record::schema::object($about, $properties).0
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($name)
            }
            fn schemas(parts: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                parts.extend($crate::record::schema::object($about, $properties).1);
            }
        }
    };
}

pub(crate) use described;
