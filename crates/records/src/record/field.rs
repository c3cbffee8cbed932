//! What a field of a plain record is.
//!
//! Owns: what every kind of field says: how it is shown, sent, checked, stored, searched and described. Must not: know the
//! kinds.

use std::{collections::BTreeMap, fmt::Display};

use access::validate::Check;
use base::{Id, Subject};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Map;
use store::{Error, FromValue, Row, Tx, Value};

use super::schema::Property;
use crate::Refused;

/// A kind of field.
pub trait Field {
    /// What the record has.
    type Value: Clone + PartialEq;
    /// What the API shows.
    type Shown: Serialize;
    /// What the body that creates a record contains.
    type Given: DeserializeOwned;
    /// What the body that changes a record contains.
    type Changed: DeserializeOwned + Default;

    /// How the API's document describes the three, after this text about the field.
    fn schemas(about: &str) -> [Property; 3];

    /// The value as the API shows it.
    fn shown(value: Self::Value) -> Self::Shown;
    /// The value of a new record; what is wrong with it is noted.
    ///
    /// # Errors
    /// The store's.
    fn given(name: &str, given: Self::Given, with: &mut Checking<'_, '_>) -> Result<Self::Value, Refused>;
    /// The new value, if it changes; what is wrong with it is noted.
    ///
    /// # Errors
    /// The store's.
    fn changed(
        name: &str,
        changed: Self::Changed,
        present: &Self::Value,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<Self::Value>, Refused>;

    /// Its column; none if another table has the value.
    fn column(name: &str) -> Option<String> {
        Some(name.to_owned())
    }
    /// The content of its column, if it has one.
    fn stored(value: &Self::Value) -> Option<Value>;
    /// The value from its column.
    ///
    /// # Errors
    /// [`Error::Decode`] if the column does not match.
    fn read(columns: &mut Columns<'_>) -> Result<Self::Value, Error>;
    /// The text of it that lists search, if they do.
    fn searched(_: &Self::Value) -> Option<&str> {
        None
    }

    /// Writes what other tables have of it.
    ///
    /// # Errors
    /// The store's.
    fn write(
        _: &mut Tx<'_>,
        _: (Id, Subject),
        _: Option<&Self::Value>,
        _: &Self::Value,
    ) -> Result<(), Error> {
        Ok(())
    }
    /// Deletes what other tables have of it, unless the database does.
    ///
    /// # Errors
    /// The store's.
    fn clear(_: &mut Tx<'_>, _: Subject) -> Result<(), Error> {
        Ok(())
    }
    /// Its values for these records, if another table has them.
    ///
    /// # Errors
    /// The store's.
    fn values(_: &mut Tx<'_>, _: &[Subject]) -> Result<BTreeMap<Id, Self::Value>, Error> {
        Ok(BTreeMap::new())
    }
    /// What every event of the record contains about it.
    fn describe(_: &Self::Value, _: &mut Map<String, serde_json::Value>) {}
}

/// What the check of a body needs.
pub struct Checking<'a, 'b> {
    pub(super) tx: &'a mut Tx<'b>,
    pub(super) company: Id,
    pub(super) check: Check,
}

impl<'a, 'b> Checking<'a, 'b> {
    /// Nothing is wrong yet with this record of a company.
    pub(crate) fn of(tx: &'a mut Tx<'b>, company: Id) -> Self {
        Self {
            tx,
            company,
            check: Check::new(),
        }
    }

    /// Ends the check.
    ///
    /// # Errors
    /// Everything that was noted.
    pub(crate) fn done(self) -> Result<(), Refused> {
        Ok(self.check.valid()?)
    }
}

/// The columns of a row, one after the other.
pub struct Columns<'a> {
    pub(super) row: &'a Row,
    pub(super) next: usize,
}

impl<'a> Columns<'a> {
    /// All of a row.
    pub(crate) fn of(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    /// The value of the next column.
    ///
    /// # Errors
    /// [`Error::Decode`] if it does not match.
    pub(crate) fn next<T: FromValue>(&mut self) -> Result<T, Error> {
        self.next += 1;
        self.row.get(self.next - 1)
    }
}

/// The parts of a kind whose values are shown and stored as they are.
macro_rules! as_is {
    ($value:ty) => {
        type Value = $value;
        type Shown = $value;
        fn shown(value: $value) -> $value {
            value
        }
        fn stored(value: &$value) -> Option<store::Value> {
            Some(value.to_owned().into())
        }
        fn read(columns: &mut Columns<'_>) -> Result<$value, store::Error> {
            columns.next()
        }
    };
}

pub(crate) use as_is;

/// The schemas of a kind, each with the text about the field and a note of its own.
pub(crate) fn described(
    about: &str,
    shown: Property,
    (given, on_given): (Property, impl Display),
    (changed, on_changed): (Property, impl Display),
) -> [Property; 3] {
    let with = |note: &dyn Display| format!("{about} {note}").trim().to_owned();
    [
        shown.about(about),
        given.about(&with(&on_given)),
        changed.about(&with(&on_changed)),
    ]
}

/// What the API shows of a field of this kind, with this text about it.
pub(crate) fn shown<F: Field>(about: &str) -> Property {
    let [shown, ..] = F::schemas(about.trim());
    shown
}

/// The same in the body that creates a record.
pub(crate) fn given<F: Field>(about: &str) -> Property {
    let [_, given, _] = F::schemas(about.trim());
    given
}

/// The same in the body that changes one, where every field may be omitted.
pub(crate) fn changed<F: Field>(about: &str) -> Property {
    let [.., changed] = F::schemas(about.trim());
    changed.default()
}
