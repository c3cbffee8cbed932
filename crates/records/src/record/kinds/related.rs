//! Fields that other tables hold, too: owners and tags.

use std::collections::BTreeMap;

use base::{Id, Subject};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, json};
use store::{Error, Tx, Value};

use crate::record::{
    field::{Checking, Columns, Field, described},
    schema::Property,
};
use crate::{
    Refused,
    owned::{self, Owned},
    tags,
};

/// Who owns the record: members and teams of its company.
#[derive(Debug)]
pub struct Owners;

/// The owners in a body: an object, if they are sent.
#[derive(Debug, Clone, Default)]
pub struct OwnersBody(Option<owned::Body>);

impl<'de> Deserialize<'de> for OwnersBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        access::optional_object(deserializer).map(Self)
    }
}

impl Field for Owners {
    type Value = Owned;
    type Shown = owned::View;
    type Given = OwnersBody;
    type Changed = OwnersBody;

    fn schemas(about: &str) -> [Property; 3] {
        let body = || Property::named::<owned::Body>().or_null();
        described(
            about,
            Property::named::<owned::View>(),
            (body(), ""),
            (body(), "Omitted parts stay unchanged."),
        )
    }
    fn shown(value: Owned) -> owned::View {
        value.into()
    }
    fn given(name: &str, given: OwnersBody, with: &mut Checking<'_, '_>) -> Result<Owned, Refused> {
        let owned = Self::changed(name, given, &Owned::default(), with)?;
        Ok(owned.unwrap_or_default())
    }
    fn changed(
        _: &str,
        OwnersBody(changed): OwnersBody,
        present: &Owned,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<Owned>, Refused> {
        owned::checked(with.tx, with.company, changed, present, &mut with.check)
    }
    fn column(_: &str) -> Option<String> {
        None
    }
    fn stored(_: &Owned) -> Option<Value> {
        None
    }
    fn read(_: &mut Columns<'_>) -> Result<Owned, Error> {
        Ok(Owned::default())
    }
    fn write(
        tx: &mut Tx<'_>,
        (company, subject): (Id, Subject),
        before: Option<&Owned>,
        after: &Owned,
    ) -> Result<(), Error> {
        if before.unwrap_or(&Owned::default()) == after {
            return Ok(());
        }
        owned::write(tx, company, (subject.kind, subject.id), after)
    }
    fn clear(tx: &mut Tx<'_>, subject: Subject) -> Result<(), Error> {
        access::ownership::clear_owners(tx, (subject.kind, subject.id))
    }
    fn values(tx: &mut Tx<'_>, of: &[Subject]) -> Result<BTreeMap<Id, Owned>, Error> {
        let Some(first) = of.first() else {
            return Ok(BTreeMap::new());
        };
        owned::of(tx, first.kind, of.iter().map(|subject| subject.id))
    }
}

/// The tags of the record, in order. A table of their own serves the lists.
#[derive(Debug)]
pub struct Tags;

impl Field for Tags {
    type Value = Vec<String>;
    type Shown = Vec<String>;
    type Given = Vec<String>;
    type Changed = Option<Vec<String>>;

    fn schemas(about: &str) -> [Property; 3] {
        let note = "At most 20 of at most 50 characters, without commas. They are stored in lower case.";
        let tags = Property::named::<tags::Tags>;
        described(
            about,
            Property::plain::<Vec<String>>(),
            (tags(), note),
            (tags().or_null(), "All of them."),
        )
    }
    fn shown(value: Vec<String>) -> Vec<String> {
        value
    }
    fn given(_: &str, given: Vec<String>, with: &mut Checking<'_, '_>) -> Result<Vec<String>, Refused> {
        Ok(tags::checked(&mut with.check, &given))
    }
    fn changed(
        _: &str,
        changed: Option<Vec<String>>,
        _: &Vec<String>,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<Vec<String>>, Refused> {
        Ok(changed.map(|tags| tags::checked(&mut with.check, &tags)))
    }
    fn stored(value: &Vec<String>) -> Option<Value> {
        Some(tags::stored(value).into())
    }
    fn read(columns: &mut Columns<'_>) -> Result<Vec<String>, Error> {
        tags::read(&columns.next::<String>()?)
    }
    fn write(
        tx: &mut Tx<'_>,
        (company, subject): (Id, Subject),
        before: Option<&Vec<String>>,
        after: &Vec<String>,
    ) -> Result<(), Error> {
        let before = before.map_or(&[][..], Vec::as_slice);
        match tags::Tagged::of(subject.kind) {
            Some(tagged) => tags::write(tx, (tagged, subject.id), company, (before, after)),
            None => Ok(()),
        }
    }
    fn describe(value: &Vec<String>, data: &mut Map<String, serde_json::Value>) {
        if !value.is_empty() {
            data.insert("tags".to_owned(), json!(value));
        }
    }
}
