//! Days: a project starts and ends on one.

use std::{fmt, str::FromStr};

use crate::Refused;

use access::validate::Check;
use base::Time;
use jiff::{
    civil,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day, shown as `2026-01-31` and stored as its midnight UTC. From 1971 to 2200, so that 0 is free for "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

const YEARS: std::ops::RangeInclusive<i16> = 1971..=2200;

/// What a date or a time of these years begins with.
const PATTERN_OF_YEARS: &str = "^(197[1-9]|19[89][0-9]|2[01][0-9]{2}|2200)-";

/// The schema of a time zone's name.
#[derive(Debug)]
pub struct ZoneName;

impl utoipa::ToSchema for ZoneName {}
impl utoipa::PartialSchema for ZoneName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        access::schema::text(1, 50, "^[A-Za-z0-9+_-]+(/[A-Za-z0-9+_-]+)*$")
    }
}

/// The schema of a time that is [`plausible`].
#[derive(Debug)]
pub struct Moment;

impl utoipa::ToSchema for Moment {}
impl utoipa::PartialSchema for Moment {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::DateTime,
            )))
            .pattern(Some(PATTERN_OF_YEARS))
            .into()
    }
}

impl Date {
    /// The day that contains this instant in UTC.
    pub fn of(time: Time) -> Self {
        Self(TimeZone::UTC.to_datetime(time.timestamp()).date())
    }

    /// The day that contains this instant in this zone.
    pub fn of_zone(time: Time, zone: &TimeZone) -> Self {
        Self(zone.to_datetime(time.timestamp()).date())
    }

    /// The next day.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The given number of days up to and including it, earliest first.
    pub(crate) fn last(self, days: usize) -> Vec<Self> {
        let back = std::iter::successors(Some(self.0), |day| day.yesterday().ok());
        let mut days: Vec<Self> = back.take(days).map(Self).collect();
        days.reverse();
        days
    }

    /// Its first instant in this zone: not always midnight.
    pub(crate) fn begins(self, zone: &TimeZone) -> Time {
        zone.to_timestamp(self.0.to_datetime(civil::Time::midnight()))
            .map(Time::from)
            .unwrap_or_default()
    }

    /// Its midnight UTC.
    pub fn midnight(self) -> Time {
        self.begins(&TimeZone::UTC)
    }
}

/// The zone with this IANA name, such as `Europe/Berlin`; UTC for none. The zones are compiled in, so that every node
/// has the same.
///
/// # Errors
/// 422 for an unknown one.
pub fn zone(name: Option<&str>) -> Result<TimeZone, Refused> {
    let Some(name) = name else {
        return Ok(TimeZone::UTC);
    };
    TimeZoneDatabase::bundled()
        .get(name)
        .map_err(|_| Refused::field("tz", "must be the name of a time zone, such as Europe/Berlin"))
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        // Ten characters: the library also parses times and six-digit years, and extracts the date.
        text.parse()
            .ok()
            .filter(|date: &civil::Date| text.len() == 10 && YEARS.contains(&date.year()))
            .map(Self)
            .ok_or_else(|| "must be a date from 1971 to 2200, such as 2026-01-31".to_owned())
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for Date {}
impl utoipa::PartialSchema for Date {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::Date,
            )))
            .pattern(Some(PATTERN_OF_YEARS))
            .into()
    }
}

/// Notes a time that is not a plausible deadline or appointment: before 1971 or after 2200.
pub(crate) fn plausible(check: &mut Check, field: &str, time: Option<Time>) {
    if let Some(time) = time {
        let year = Date::of(time).0.year();
        check.that(YEARS.contains(&year), field, "must be from 1971 to 2200");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_and_stores_midnight() {
        let day: Date = "2028-02-29".parse().unwrap();
        assert_eq!(day.to_string(), "2028-02-29");
        assert_eq!(day.midnight().to_string(), "2028-02-29T00:00:00Z");
        assert_eq!(Date::of(day.midnight()), day);
        for bad in [
            "",
            "2027-02-29",
            "1970-12-31",
            "2201-01-01",
            "2026-1-1",
            "2026-01-01T00:00:00Z",
            "20260101",
            "+002026-01-01",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_begins_where_the_one_before_ends() {
        let begins = |day: &str, name: &str| {
            let day: Date = day.parse().unwrap();
            day.begins(&zone(Some(name)).unwrap()).to_string()
        };
        for (day, name, expected) in [
            ("2026-11-01", "UTC", "2026-11-01T00:00:00Z"),
            // 25 hours, and 23.
            ("2026-11-01", "America/New_York", "2026-11-01T04:00:00Z"),
            ("2026-11-02", "America/New_York", "2026-11-02T05:00:00Z"),
            ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z"),
            ("2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00Z"),
            // It begins at one o'clock.
            ("2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00Z"),
        ] {
            assert_eq!(begins(day, name), expected, "{day} {name}");
        }
        let day: Date = "2026-03-01".parse().unwrap();
        let days: Vec<_> = day.last(3).iter().map(Date::to_string).collect();
        assert_eq!(days, ["2026-02-27", "2026-02-28", "2026-03-01"]);
    }
}
