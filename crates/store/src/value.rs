//! Parameters: the four types that both databases have.

use base::{Id, Kind, Severity, Time};

/// A parameter or a column.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

/// The parameters of a statement: `params![id, 3, "text"]` for `$1`, `$2`, `$3`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

macro_rules! from {
    ($($type:ty: $value:ident => $made:expr;)*) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $made
            }
        })*
    };
}

from! {
    i64: value => Self::Int(value);
    i32: value => Self::Int(value.into());
    u32: value => Self::Int(value.into());
    u16: value => Self::Int(value.into());
    // Only for counts and sizes; one past 2^63 is a bug that the database then refuses.
    u64: value => Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    usize: value => Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    bool: value => Self::Int(value.into());
    f64: value => Self::Real(value);
    &str: value => Self::Text(value.to_owned());
    &String: value => Self::Text(value.clone());
    String: value => Self::Text(value);
    Id: value => Self::Text(value.to_string());
    &Id: value => Self::Text(value.to_string());
    Time: value => Self::Int(value.nanos());
    Severity: value => Self::Text(value.name().to_owned());
    Kind: value => Self::Text(value.name().to_owned());
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&Self> for Value {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}
