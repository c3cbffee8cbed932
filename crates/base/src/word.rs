//! Enums whose values are words: the same in the API, in storage and in queries.
//!
//! Owns: the macros that define one, and the one refusal of a text that is not among the words. Must not: know which
//! words there are, or a database; `store::words!` adds the columns.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::de::{Deserializer, Error, Visitor};

// For the macros: a crate that uses them needs no dependency of its own.
#[doc(hidden)]
pub use {serde, utoipa};

/// A text that is not one of the words of an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAWord(
    /// The words.
    pub &'static [&'static str],
);

impl fmt::Display for NotAWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be one of {}", self.0.join(", "))
    }
}

impl std::error::Error for NotAWord {}

impl From<NotAWord> for String {
    fn from(refused: NotAWord) -> Self {
        refused.to_string()
    }
}

struct Word<T>(PhantomData<T>);

impl<T: FromStr<Err = NotAWord>> Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Reads a word with serde.
///
/// # Errors
/// The deserializer's; a wrong text is refused as [`FromStr`] refuses it.
pub fn deserialize<'de, T: FromStr<Err = NotAWord>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Word(PhantomData))
}

/// Defines an enum of words: its names, and how it is read and written everywhere except in a database. The text in the
/// parentheses is its name in the API document, where the first lines of its documentation are its description.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derive:path),+)])?
        $(#[expect($($expect:tt)+)])?
        $vis:vis enum $name:ident ($schema:ident) { $($(#[$meta:meta])* $variant:ident $word:literal,)+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $(#[derive($($derive),+)])?
        $(#[expect($($expect)+)])?
        $vis enum $name { $($(#[$meta])* $variant,)+ }

        impl $name {
            /// All of them, in order.
            $vis const ALL: [Self; Self::NAMES.len()] = [$(Self::$variant,)+];

            /// The names of all of them.
            const NAMES: &'static [&'static str] = &[$($word,)+];

            /// The name in the API and in storage.
            $vis const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        $crate::word!($name, $schema, Some([$($about),+].concat().trim().to_owned()));
    };
}

/// How an enum with `ALL`, `NAMES` and `name` is read and written: the part of [`words!`](crate::words) that one needs whose
/// names are columns of a table. After the type, its name in the API document and its description there.
#[macro_export]
macro_rules! word {
    ($name:ident, $schema:ident, $about:expr) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::NotAWord;
            fn from_str(text: &str) -> Result<Self, $crate::NotAWord> {
                let found = Self::ALL.iter().copied().find(|one| one.name() == text);
                found.ok_or($crate::NotAWord(Self::NAMES))
            }
        }

        impl $crate::word::serde::Serialize for $name {
            fn serialize<S: $crate::word::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> $crate::word::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::word::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::word::deserialize(deserializer)
            }
        }

        impl $crate::word::utoipa::ToSchema for $name {
            fn name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(stringify!($schema))
            }
        }

        impl $crate::word::utoipa::PartialSchema for $name {
            fn schema() -> $crate::word::utoipa::openapi::RefOr<$crate::word::utoipa::openapi::schema::Schema>
            {
                let about: Option<String> = $about;
                $crate::word::utoipa::openapi::ObjectBuilder::new()
                    .schema_type($crate::word::utoipa::openapi::schema::Type::String)
                    .description(about)
                    .enum_values(Some(Self::NAMES.iter().copied()))
                    .into()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema;

    use super::*;

    crate::words! {
        /// How ripe it is.
        #[derive(Default)]
        pub(super) enum Ripeness (FruitRipeness) {
            /// Not yet.
            #[default]
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
                one
            );
            assert_eq!(one.name().parse(), Ok(one));
        }
        assert_eq!(Ripeness::default(), Ripeness::NotYet);
    }

    #[test]
    fn every_reader_refuses_another_text_with_the_words() {
        let refused = "must be one of not_yet, now";
        for bad in ["NotYet", "Now", " now", ""] {
            assert_eq!(bad.parse::<Ripeness>().unwrap_err().to_string(), refused);
            let read = serde_json::from_value::<Ripeness>(json!(bad));
            assert_eq!(read.unwrap_err().to_string(), refused);
        }
        let number = serde_json::from_value::<Ripeness>(json!(1)).unwrap_err();
        assert_eq!(number.to_string(), "invalid type: integer `1`, expected a string");
    }
}
