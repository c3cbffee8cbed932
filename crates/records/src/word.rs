//! Enums whose values are words: the same in the API, in storage and in queries.
//!
//! Owns: the macro that defines one. Must not: know which words there are.

/// Defines an enum of words: its names, and how it is read and written everywhere. The text in the parentheses is its
/// name in the API document and its description, for errors.
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        pub enum $name:ident ($schema:ident, $what:literal) { $($(#[$doc:meta])* $variant:ident $word:literal,)+ }
    ) => {
        $(#[doc = $about])+
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in the API and in storage.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        // By hand: the derive does not see a name passed on by a macro, and would use the variant's own.
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($schema))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some([$($about),+].concat().trim()))
                    .enum_values(Some([$($word),+]))
                    .into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| {
                    format!("must be one of {}", [$($word),+].join(", "))
                })
            }
        }

        impl store::FromValue for $name {
            const WHAT: &'static str = $what;
            fn from_value(value: &store::Value) -> Option<Self> {
                match value {
                    store::Value::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }
        }

        impl From<$name> for store::Value {
            fn from(one: $name) -> Self {
                Self::Text(one.name().to_owned())
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema;

    words! {
        /// How ripe it is.
        pub enum Ripeness (FruitRipeness, "a fruit's ripeness") {
            /// Not yet.
            NotYet "not_yet",
            /// Now.
            Now "now",
        }
    }

    #[test]
    fn a_word_is_the_same_everywhere() {
        let schema = serde_json::to_value(Ripeness::schema()).unwrap();
        let names: Vec<_> = Ripeness::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(
            schema,
            json!({"type": "string", "description": "How ripe it is.", "enum": names})
        );
        assert_eq!(<Ripeness as utoipa::ToSchema>::name(), "FruitRipeness");
        for one in Ripeness::ALL {
            assert_eq!(json!(one), json!(one.name()));
            assert_eq!(
                serde_json::from_value::<Ripeness>(json!(one.name())).unwrap(),
                *one
            );
            assert_eq!(one.name().parse(), Ok(*one));
        }
        assert!("NotYet".parse::<Ripeness>().is_err());
    }
}
