//! A field of a change that can be omitted, be null, or have a value.

use serde::{Deserialize, Deserializer};

/// The change of an optional field. In a body: `#[serde(default)] field: Patch<T>`, for the documentation
/// `#[schema(value_type = Option<T>)]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Omitted: the field stays unchanged.
    #[default]
    Keep,
    /// Null: the field becomes empty.
    Clear,
    /// The field's new value.
    Set(T),
}

impl<T> Patch<T> {
    /// The new content of the field, if it changes.
    pub fn change(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }

    /// The field's value after the change.
    pub fn over(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Keep => present,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Converts the value, or refuses it.
    pub fn try_map<U, E>(self, f: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(f(value)?),
        })
    }
}

impl<T> From<Option<T>> for Patch<T> {
    /// For new records: no value means no change.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        n: Patch<u8>,
    }

    #[test]
    fn distinguishes_omitted_null_and_a_value() {
        let read = |text| serde_json::from_str::<Body>(text).map(|body| body.n).unwrap();
        assert_eq!(read("{}"), Patch::Keep);
        assert_eq!(read(r#"{"n": null}"#), Patch::Clear);
        assert_eq!(read(r#"{"n": 3}"#), Patch::Set(3));
        assert_eq!(
            (
                Patch::Keep.over(Some(1)),
                Patch::Clear.over(Some(1)),
                Patch::Set(2).over(Some(1))
            ),
            (Some(1), None, Some(2))
        );
        assert_eq!(
            (
                Patch::<u8>::Keep.change(),
                Patch::<u8>::Clear.change(),
                Patch::Set(2).change()
            ),
            (None, Some(None), Some(Some(2)))
        );
    }
}
