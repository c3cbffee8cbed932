//! Numbers and days.

use access::{Patch, validate::Check};
use base::Time;
use store::{Error, Value};

use crate::record::{
    field::{Checking, Columns, Field, as_is, described},
    schema::Property,
};
use crate::{Date, Refused, column::time_or_none};

/// A day is stored as a time: the column of `starts_on` is `starts_at`.
fn column(name: &str) -> String {
    format!("{}_at", name.trim_end_matches("_on"))
}

/// A day, or none.
#[derive(Debug)]
pub struct Day;

impl Field for Day {
    type Value = Option<Date>;
    type Shown = Option<Date>;
    type Given = Option<Date>;
    type Changed = Patch<Date>;

    fn schemas(about: &str) -> [Property; 3] {
        let day = || Property::named::<Date>().or_null();
        described(about, day(), (day(), ""), (day(), "Null for none."))
    }
    fn shown(value: Option<Date>) -> Option<Date> {
        value
    }
    fn given(_: &str, given: Option<Date>, _: &mut Checking<'_, '_>) -> Result<Option<Date>, Refused> {
        Ok(given)
    }
    fn changed(
        _: &str,
        changed: Patch<Date>,
        _: &Option<Date>,
        _: &mut Checking<'_, '_>,
    ) -> Result<Option<Option<Date>>, Refused> {
        Ok(changed.change())
    }
    fn column(name: &str) -> Option<String> {
        Some(column(name))
    }
    fn stored(value: &Option<Date>) -> Option<Value> {
        Some(time_or_none(value.map(Date::midnight)).into())
    }
    fn read(columns: &mut Columns<'_>) -> Result<Option<Date>, Error> {
        let time: Time = columns.next()?;
        Ok((time != Time::default()).then(|| Date::of(time)))
    }
}

/// A day that every record has.
#[derive(Debug)]
pub struct LastDay;

impl Field for LastDay {
    type Value = Date;
    type Shown = Date;
    type Given = Date;
    type Changed = Option<Date>;

    fn schemas(about: &str) -> [Property; 3] {
        let day = Property::named::<Date>;
        described(about, day(), (day(), ""), (day().or_null(), ""))
    }
    fn shown(value: Date) -> Date {
        value
    }
    fn given(_: &str, given: Date, _: &mut Checking<'_, '_>) -> Result<Date, Refused> {
        Ok(given)
    }
    fn changed(
        _: &str,
        changed: Option<Date>,
        _: &Date,
        _: &mut Checking<'_, '_>,
    ) -> Result<Option<Date>, Refused> {
        Ok(changed)
    }
    fn column(name: &str) -> Option<String> {
        Some(column(name))
    }
    fn stored(value: &Date) -> Option<Value> {
        Some(value.midnight().into())
    }
    fn read(columns: &mut Columns<'_>) -> Result<Date, Error> {
        columns.next().map(Date::of)
    }
}

/// A number of at most `MAX`; 0 by default.
#[derive(Debug)]
pub struct Number<const MAX: u32>;

impl<const MAX: u32> Field for Number<MAX> {
    as_is!(u32);
    type Given = Option<u32>;
    type Changed = Option<u32>;

    fn schemas(about: &str) -> [Property; 3] {
        let number = || Property::plain::<u32>().up_to(MAX).or_null();
        described(
            about,
            Property::plain::<u32>(),
            (number(), "0 by default."),
            (number(), ""),
        )
    }
    fn given(name: &str, given: Option<u32>, with: &mut Checking<'_, '_>) -> Result<u32, Refused> {
        bounded::<MAX>(&mut with.check, name, given);
        Ok(given.unwrap_or(0))
    }
    fn changed(
        name: &str,
        changed: Option<u32>,
        _: &u32,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<u32>, Refused> {
        bounded::<MAX>(&mut with.check, name, changed);
        Ok(changed)
    }
}

/// A number of at most `MAX`, or none, which is stored as -1.
#[derive(Debug)]
pub struct MaybeNumber<const MAX: u32>;

impl<const MAX: u32> Field for MaybeNumber<MAX> {
    type Value = Option<u32>;
    type Shown = Option<u32>;
    type Given = Option<u32>;
    type Changed = Patch<u32>;

    fn schemas(about: &str) -> [Property; 3] {
        let number = || Property::plain::<u32>().up_to(MAX).or_null();
        described(
            about,
            Property::plain::<u32>().or_null(),
            (number(), ""),
            (number(), "Null for none."),
        )
    }
    fn shown(value: Option<u32>) -> Option<u32> {
        value
    }
    fn given(name: &str, given: Option<u32>, with: &mut Checking<'_, '_>) -> Result<Option<u32>, Refused> {
        bounded::<MAX>(&mut with.check, name, given);
        Ok(given)
    }
    fn changed(
        name: &str,
        changed: Patch<u32>,
        _: &Option<u32>,
        with: &mut Checking<'_, '_>,
    ) -> Result<Option<Option<u32>>, Refused> {
        let changed = changed.change();
        bounded::<MAX>(&mut with.check, name, changed.flatten());
        Ok(changed)
    }
    fn stored(value: &Option<u32>) -> Option<Value> {
        Some(value.map_or(-1, i64::from).into())
    }
    fn read(columns: &mut Columns<'_>) -> Result<Option<u32>, Error> {
        Ok(u32::try_from(columns.next::<i64>()?).ok())
    }
}

fn bounded<const MAX: u32>(check: &mut Check, field: &str, number: Option<u32>) {
    if number.is_some_and(|number| number > MAX) {
        check.note(field, format!("must be at most {}", grouped(MAX)));
    }
}

/// A number with commas: 1,000,000.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_number_is_grouped() {
        for (number, text) in [(7, "7"), (100, "100"), (1_000, "1,000"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(column("starts_on"), "starts_at");
    }
}
