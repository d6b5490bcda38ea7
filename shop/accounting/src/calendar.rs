//! The shop's calendar: the day of a timestamp, in the shop's time zone.

use jiff::{civil::Date, tz::TimeZone};
use kernel::Timestamp;

/// Tells days in a time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar(TimeZone);

impl Calendar {
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    #[must_use]
    pub fn day_of(&self, time: Timestamp) -> Date {
        self.0.to_datetime(time.to_jiff()).date()
    }

    /// Tells this calendar from others: by the zone's name in the tz database, or by its rules.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.iana_name().map_or_else(|| format!("{:?}", self.0), str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day_in(zone: &str, time: &str) -> (i16, i8, i8) {
        let calendar = Calendar::new(TimeZone::get(zone).expect("a zone"));
        let day = calendar.day_of(time.parse().expect("a time"));
        (day.year(), day.month(), day.day())
    }

    #[test]
    fn a_year_begins_when_it_begins_where_the_shop_is() {
        let new_year = "2025-12-31T23:30:00Z";
        assert_eq!(day_in("UTC", new_year), (2025, 12, 31));
        assert_eq!(day_in("Europe/Berlin", new_year), (2026, 1, 1));
        assert_eq!(day_in("America/New_York", "2026-01-01T04:59:59Z"), (2025, 12, 31));
        assert_eq!(day_in("America/New_York", "2026-01-01T05:00:00Z"), (2026, 1, 1));
    }

    #[test]
    fn a_day_ends_by_the_clock_on_the_wall_in_summer_too() {
        assert_eq!(day_in("Europe/Berlin", "2026-06-30T21:59:59Z"), (2026, 6, 30));
        assert_eq!(day_in("Europe/Berlin", "2026-06-30T22:00:00Z"), (2026, 7, 1));
    }
}
