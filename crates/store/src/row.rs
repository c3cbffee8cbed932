//! Rows of a query's result.

use std::str::FromStr;

use base::{Id, Kind, Severity, Time};

use crate::{Error, Value};

/// One row, its columns in the order of the statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    /// The column at `index`, from 0.
    ///
    /// # Errors
    /// [`Error::Decode`] if there is no such column or it contains something else.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, Error> {
        let value = self
            .0
            .get(index)
            .ok_or_else(|| Error::Decode(format!("no column {index}")))?;
        T::from_value(value).ok_or_else(|| Error::Decode(format!("column {index} is not {}", T::WHAT)))
    }
}

impl Row {
    /// The enumerated word in the column at `index`, from 0.
    ///
    /// # Errors
    /// [`Error::Decode`] if there is no such column or it is not one of the words.
    pub fn word<T: FromStr>(&self, index: usize) -> Result<T, Error> {
        self.get::<Word<T>>(index).map(|word| word.0)
    }
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// Its name, for the error.
    const WHAT: &'static str;
    /// The value, if it has this type.
    fn from_value(value: &Value) -> Option<Self>;
}

/// A type that a row can be read as.
pub trait FromRow: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Decode`] if a column does not match.
    fn from_row(row: &Row) -> Result<Self, Error>;
}

macro_rules! from_value {
    ($($type:ty, $what:literal, $pattern:pat => $made:expr;)*) => {
        $(impl FromValue for $type {
            const WHAT: &'static str = $what;
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $pattern => $made,
                    _ => None,
                }
            }
        })*
    };
}

from_value! {
    String, "a text", Value::Text(text) => Some(text.clone());
    i64, "an integer", Value::Int(int) => Some(*int);
    u64, "a count", Value::Int(int) => u64::try_from(*int).ok();
    u32, "a count", Value::Int(int) => u32::try_from(*int).ok();
    f64, "a number", Value::Real(real) => Some(*real);
    bool, "a boolean", Value::Int(int) => match int { 0 => Some(false), 1 => Some(true), _ => None };
    Time, "a time", Value::Int(int) => Some(Self::from_nanos(*int));
    Id, "an id", Value::Text(text) => Self::from_str(text).ok();
    Severity, "a severity", Value::Text(text) => Self::from_str(text).ok();
    Kind, "an event type", Value::Text(text) => Self::from_str(text).ok();
}

/// A column with a word of an enumeration from a crate without a database: `Word<Channel>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<T>(pub T);

impl<T: FromStr> FromValue for Word<T> {
    const WHAT: &'static str = "one of its words";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok().map(Self),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const WHAT: &'static str = T::WHAT;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl FromRow for Row {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(row.clone())
    }
}

macro_rules! from_row {
    ($($name:ident $index:tt),*) => {
        impl<$($name: FromValue),*> FromRow for ($($name,)*) {
            fn from_row(row: &Row) -> Result<Self, Error> {
                Ok(($(row.get::<$name>($index)?,)*))
            }
        }
    };
}

from_row!(A 0);
from_row!(A 0, B 1);
from_row!(A 0, B 1, C 2);
from_row!(A 0, B 1, C 2, D 3);
from_row!(A 0, B 1, C 2, D 3, E 4);
from_row!(A 0, B 1, C 2, D 3, E 4, F 5);
from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
