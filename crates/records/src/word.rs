//! Enums whose values are words: the same in the API, in storage and in queries.
//!
//! Owns: the macro that makes one. Must not: know which words there are.

/// Makes an enum of words: its names, and how it is read and written everywhere. The text in the parentheses is its
/// name in the API's document and what it is, for errors.
macro_rules! words {
    (
        $(#[$about:meta])*
        pub enum $name:ident ($schema:ident, $what:literal) { $($(#[$doc:meta])* $variant:ident $word:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        #[schema(as = $schema)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in the API and in storage.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
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
                    format!("it is not one of {}", [$($word),+].join(", "))
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
