//! The time window (promise K2), in the user's time zone.

use std::time::Duration;

use access::validate::{Check, Invalid};
use base::Time;
use jiff::{Span, tz::TimeZone};
use records::Date;

/// The most days a window spans.
pub const MAX_DAYS: u64 = 400;

/// From a time until (exclusive) another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it.
    pub from: Time,
    /// The first instant after it.
    pub to: Time,
}

impl Window {
    /// The requested window; the defaults are one month back and two months ahead of now.
    ///
    /// # Errors
    /// Names the field if it ends before it starts or spans more than [`MAX_DAYS`].
    pub fn new(from: Option<Time>, to: Option<Time>, now: Time) -> Result<Self, Invalid> {
        let window = Self {
            from: from.unwrap_or_else(|| months(now, -1)),
            to: to.unwrap_or_else(|| months(now, 2)),
        };
        let mut check = Check::new();
        // Of the two, the one that was given is wrong.
        let field = if from.is_none() { "to" } else { "from" };
        check.that(window.from < window.to, field, "`from` must be before `to`");
        let longest = Duration::from_hours(24 * MAX_DAYS);
        check.that(
            window.to.since(window.from) <= longest,
            field,
            "`from` and `to` must be at most 400 days apart",
        );
        check.valid().map(|()| window)
    }

    /// Its first and last day in a zone. A date is in the window when any part of that day is.
    pub fn days(self, zone: &TimeZone) -> (Date, Date) {
        let last = Time::from_nanos(self.to.nanos().saturating_sub(1));
        (Date::of_zone(self.from, zone), Date::of_zone(last, zone))
    }
}

/// This many months later, on the same day of the month or its last, at the same time UTC.
pub(crate) fn months(now: Time, months: i64) -> Time {
    TimeZone::UTC
        .to_datetime(now.timestamp())
        .checked_add(Span::new().months(months))
        .and_then(|then| TimeZone::UTC.to_timestamp(then))
        .map_or(now, Time::from)
}

#[cfg(test)]
mod tests {
    use records::date::zone;

    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    // promise: K2
    #[test]
    fn the_default_is_a_month_back_and_two_ahead() {
        let now = time("2026-12-31T10:00:00Z");
        let window = |from: Option<&str>, to: Option<&str>| {
            Window::new(from.map(time), to.map(time), now)
                .map(|window| (window.from.to_string(), window.to.to_string()))
        };
        let both = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(
            window(None, None),
            both("2026-11-30T10:00:00Z", "2027-02-28T10:00:00Z")
        );
        assert_eq!(
            window(Some("2026-12-01T00:00:00Z"), None),
            both("2026-12-01T00:00:00Z", "2027-02-28T10:00:00Z")
        );
        assert_eq!(
            window(None, Some("2026-12-01T00:00:00Z")),
            both("2026-11-30T10:00:00Z", "2026-12-01T00:00:00Z")
        );
    }

    // promise: K2
    #[test]
    fn a_window_goes_forward_and_is_bounded() {
        let now = time("2026-06-01T00:00:00Z");
        let fields = |from: Option<&str>, to: Option<&str>| {
            Window::new(from.map(time), to.map(time), now)
                .map_err(|problem| {
                    problem
                        .0
                        .iter()
                        .map(|error| error.field.clone())
                        .collect::<Vec<_>>()
                })
                .err()
        };
        let (start, end) = (Some("2026-01-01T00:00:00Z"), Some("2027-02-05T00:00:00Z"));
        assert_eq!(fields(start, end), None, "400 days");
        assert!(fields(start, Some("2027-02-05T00:00:00.000000001Z")).is_some());
        assert!(fields(start, start).is_some(), "empty");
        assert!(fields(end, start).is_some(), "backwards");
        assert_eq!(
            fields(Some("2027-01-01T00:00:00Z"), None),
            Some(vec!["from".to_owned()])
        );
        assert_eq!(
            fields(None, Some("2026-01-01T00:00:00Z")),
            Some(vec!["to".to_owned()])
        );
        assert_eq!(
            fields(None, Some("2200-01-01T00:00:00Z")),
            Some(vec!["to".to_owned()])
        );
    }

    #[test]
    fn the_days_of_a_window_are_those_of_the_zone() {
        let days = |from: &str, to: &str, name: &str| {
            let window = Window {
                from: time(from),
                to: time(to),
            };
            let (first, last) = window.days(&zone(Some(name)).unwrap());
            format!("{first} {last}")
        };
        // The whole of May in the user's zone: midnight to midnight.
        for (from, to, name) in [
            ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", "UTC"),
            ("2026-04-30T22:00:00Z", "2026-05-31T22:00:00Z", "Europe/Berlin"),
            (
                "2026-04-30T10:00:00Z",
                "2026-05-31T10:00:00Z",
                "Pacific/Kiritimati",
            ),
            (
                "2026-05-01T11:00:00Z",
                "2026-06-01T11:00:00Z",
                "Pacific/Pago_Pago",
            ),
            ("2026-04-30T18:15:00Z", "2026-05-31T18:15:00Z", "Asia/Kathmandu"),
        ] {
            assert_eq!(days(from, to, name), "2026-05-01 2026-05-31", "{name}");
        }
        // A part of a day includes the day, even a nanosecond, and where the day begins at one o'clock.
        let (from, to) = ("2026-05-01T23:59:59.999999999Z", "2026-05-02T00:00:00.000000001Z");
        assert_eq!(days(from, to, "UTC"), "2026-05-01 2026-05-02");
        let (from, to) = ("2026-04-24T00:00:00+02:00", "2026-04-24T00:00:00.000000001+02:00");
        assert_eq!(days(from, to, "Africa/Cairo"), "2026-04-24 2026-04-24");
    }

    #[test]
    fn a_zone_must_be_a_known_one() {
        assert_eq!(zone(None).unwrap(), TimeZone::UTC);
        for bad in [
            "",
            "Europe",
            "Europe/Atlantis",
            "+02:00",
            "../UTC",
            "/etc/localtime",
            "Z",
            "local",
        ] {
            let problem = access::Problem::from(zone(Some(bad)).unwrap_err());
            assert_eq!(
                (problem.status().as_u16(), &*problem.errors()[0].field),
                (422, "tz"),
                "{bad}"
            );
        }
    }
}
