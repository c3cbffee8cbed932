//! One of a few words.

use std::{fmt::Display, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use store::{FromValue, Value};
use utoipa::ToSchema;

use crate::Refused;
use crate::record::{
    field::{Checking, Columns, Field, as_is, described},
    schema::Property,
};

/// Words of which a new record has one unless another is sent.
pub trait Initial {
    /// This one.
    const INITIAL: Self;
}

/// One of the words of an enum; a new record has the [initial](Initial) one.
#[derive(Debug)]
pub struct Word<T>(PhantomData<T>);

impl<T> Field for Word<T>
where
    T: Copy
        + PartialEq
        + Initial
        + Display
        + Serialize
        + DeserializeOwned
        + FromValue
        + Into<Value>
        + ToSchema,
{
    as_is!(T);
    type Given = Option<T>;
    type Changed = Option<T>;

    fn schemas(about: &str) -> [Property; 3] {
        let word = Property::named::<T>;
        described(
            about,
            word(),
            (word().or_null(), format!("`{}` by default.", T::INITIAL)),
            (word().or_null(), ""),
        )
    }
    fn given(_: &str, given: Option<T>, _: &mut Checking<'_, '_>) -> Result<T, Refused> {
        Ok(given.unwrap_or(T::INITIAL))
    }
    fn changed(_: &str, changed: Option<T>, _: &T, _: &mut Checking<'_, '_>) -> Result<Option<T>, Refused> {
        Ok(changed)
    }
}
