//! Texts.

use access::{
    Patch,
    schema::{self, Name, OptionalLine},
};
use store::{Error, Value};

use crate::record::{
    field::{Checking, Columns, Field, as_is, described},
    schema::Property,
};
use crate::{MAX_DESCRIPTION, MAX_LINE, MAX_TITLE, Refused, text};

/// A name: one line with visible text.
#[derive(Debug)]
pub struct Title;

impl Field for Title {
    as_is!(String);
    type Given = String;
    type Changed = Option<String>;

    fn schemas(about: &str) -> [Property; 3] {
        let note = "One line of at most 300 characters.";
        let name = Property::named::<Name<{ MAX_TITLE }>>;
        described(
            about,
            Property::plain::<String>(),
            (name(), note),
            (name().or_null(), note),
        )
    }
    fn given(name: &str, given: String, with: &mut Checking<'_, '_>) -> Result<String, Refused> {
        Ok(text::title(&mut with.check, name, &given))
    }
    fn changed(
        name: &str,
        changed: Option<String>,
        _: &String,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<String>, Refused> {
        changed.map(|text| Self::given(name, text, with)).transpose()
    }
    fn searched(value: &String) -> Option<&str> {
        Some(value)
    }
}

/// One line of at most [`MAX_LINE`] characters, or none.
#[derive(Debug)]
pub struct Line;

impl Field for Line {
    type Value = String;
    type Shown = Option<String>;
    type Given = Option<String>;
    type Changed = Patch<String>;

    fn schemas(about: &str) -> [Property; 3] {
        let line = || Property::named::<OptionalLine<{ MAX_LINE }>>().or_null();
        described(
            about,
            Property::plain::<String>().or_null(),
            (line(), "At most 1,000 characters."),
            (line(), "Null for none."),
        )
    }
    fn shown(value: String) -> Option<String> {
        text::given(value)
    }
    fn given(name: &str, given: Option<String>, with: &mut Checking<'_, '_>) -> Result<String, Refused> {
        let text = given.unwrap_or_default();
        Ok(text::line(&mut with.check, name, &text, MAX_LINE))
    }
    fn changed(
        name: &str,
        changed: Patch<String>,
        _: &String,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<String>, Refused> {
        Ok(text::line_change(&mut with.check, name, changed, MAX_LINE))
    }
    fn stored(value: &String) -> Option<Value> {
        Some(value.into())
    }
    fn read(columns: &mut Columns<'_>) -> Result<String, Error> {
        columns.next()
    }
    fn searched(value: &String) -> Option<&str> {
        Some(value)
    }
}

/// Text of several lines and at most [`MAX_DESCRIPTION`] characters; may be empty.
#[derive(Debug)]
pub struct Block;

impl Field for Block {
    as_is!(String);
    type Given = Option<String>;
    type Changed = Option<String>;

    fn schemas(about: &str) -> [Property; 3] {
        let note = "At most 20,000 characters.";
        let block = || Property::named::<schema::Block<{ MAX_DESCRIPTION }>>().or_null();
        described(
            about,
            Property::plain::<String>(),
            (block(), note),
            (block(), note),
        )
    }
    fn given(name: &str, given: Option<String>, with: &mut Checking<'_, '_>) -> Result<String, Refused> {
        let text = given.unwrap_or_default();
        Ok(with.check.block(name, &text, MAX_DESCRIPTION))
    }
    fn changed(
        name: &str,
        changed: Option<String>,
        _: &String,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<String>, Refused> {
        Ok(changed.map(|text| with.check.block(name, &text, MAX_DESCRIPTION)))
    }
    fn searched(value: &String) -> Option<&str> {
        Some(value)
    }
}
