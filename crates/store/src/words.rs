//! Columns with the words of an enum.
//!
//! Owns: the macros for the columns of an enum of words. Must not: know which words there are.

/// Defines an enum of words as [`base::words!`] does, and its columns. After its name in the API document: what it
/// is, for the error of a column that contains something else.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derive:path),+)])?
        $(#[expect($($expect:tt)+)])?
        $vis:vis enum $name:ident ($schema:ident, $what:literal) { $($words:tt)+ }
    ) => {
        ::base::words! {
            $(#[doc = $about])+
            $(#[derive($($derive),+)])?
            $(#[expect($($expect)+)])?
            $vis enum $name ($schema) { $($words)+ }
        }

        $crate::column!($name, $what);
    };
}

/// The columns of an enum of words: how it is bound and read.
#[macro_export]
macro_rules! column {
    ($name:ident, $what:literal) => {
        impl $crate::FromValue for $name {
            const WHAT: &'static str = $what;
            fn from_value(value: &$crate::Value) -> Option<Self> {
                match value {
                    $crate::Value::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }
        }

        impl From<$name> for $crate::Value {
            fn from(one: $name) -> Self {
                Self::Text(one.name().to_owned())
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{Row, Value};

    crate::words! {
        /// How ripe it is.
        pub(super) enum Ripeness (FruitRipeness, "a fruit's ripeness") {
            /// Not yet.
            NotYet "not_yet",
            /// Now.
            Now "now",
        }
    }

    #[test]
    fn a_word_is_read_from_its_column() {
        for one in Ripeness::ALL {
            let row = Row(vec![Value::from(one)]);
            assert_eq!(row.get::<Ripeness>(0).unwrap(), one);
        }
        for bad in [Value::from("NotYet"), Value::from(1_i64), Value::Null] {
            let error = Row(vec![bad]).get::<Ripeness>(0).unwrap_err();
            assert!(error.to_string().contains("a fruit's ripeness"), "{error}");
        }
    }
}
