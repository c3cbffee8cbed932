//! One of a few words.

use std::{fmt::Display, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use store::{FromValue, Value};
use utoipa::ToSchema;

use super::{Checking, Columns, Field, Property, described};
use crate::Refused;

/// One of the words of an enum; a new record has its default.
#[derive(Debug)]
pub struct Word<T>(PhantomData<T>);

impl<T> Field for Word<T>
where
    T: Copy
        + PartialEq
        + Default
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
            (word().or_null(), format!("`{}` by default.", T::default())),
            (word().or_null(), ""),
        )
    }
    fn given(_: &str, given: Option<T>, _: &mut Checking<'_, '_>) -> Result<T, Refused> {
        Ok(given.unwrap_or_default())
    }
    fn changed(_: &str, changed: Option<T>, _: &T, _: &mut Checking<'_, '_>) -> Result<Option<T>, Refused> {
        Ok(changed)
    }
}
