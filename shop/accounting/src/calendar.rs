//! The shop's calendar: the year and month of a timestamp, in the shop's time zone.

use jiff::tz::TimeZone;
use kernel::Timestamp;

/// Tells months in a time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar(TimeZone);

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    pub year: i16,
    /// 1 is January.
    pub month: i8,
}

impl Calendar {
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    #[must_use]
    pub fn month_of(&self, time: Timestamp) -> Month {
        let local = self.0.to_datetime(time.to_jiff());
        Month { year: local.year(), month: local.month() }
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

    fn month_in(zone: &str, time: &str) -> (i16, i8) {
        let calendar = Calendar::new(TimeZone::get(zone).expect("a zone"));
        let Month { year, month } = calendar.month_of(time.parse().expect("a time"));
        (year, month)
    }

    #[test]
    fn a_year_begins_when_it_begins_where_the_shop_is() {
        let new_year = "2025-12-31T23:30:00Z";
        assert_eq!(month_in("UTC", new_year), (2025, 12));
        assert_eq!(month_in("Europe/Berlin", new_year), (2026, 1));
        assert_eq!(month_in("America/New_York", "2026-01-01T04:59:59Z"), (2025, 12));
        assert_eq!(month_in("America/New_York", "2026-01-01T05:00:00Z"), (2026, 1));
    }

    #[test]
    fn a_month_ends_by_the_clock_on_the_wall_in_summer_too() {
        assert_eq!(month_in("Europe/Berlin", "2026-06-30T21:59:59Z"), (2026, 6));
        assert_eq!(month_in("Europe/Berlin", "2026-06-30T22:00:00Z"), (2026, 7));
    }
}
