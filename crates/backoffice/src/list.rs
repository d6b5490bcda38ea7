//! What lists share: queries, the choices of their filters, and days as they are asked for.

use std::time::Duration;

use kernel::Timestamp;

const DAY: Duration = Duration::from_hours(24);

/// One option of a `<select>`.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    /// Whether it is the one in force.
    pub(crate) chosen: bool,
}

/// The parts of a query that say something.
pub(crate) fn given<'a, const N: usize>(pairs: [(&'a str, &'a str); N]) -> Vec<(&'a str, &'a str)> {
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The value asked for, if it is one of `all`; else the first.
pub(crate) fn known<'a>(all: &[(&'a str, &'a str)], asked: &str) -> &'a str {
    let found = all.iter().find(|(value, _)| *value == asked).or(all.first());
    found.map_or("", |(value, _)| value)
}

/// The options of a `<select>` of `all` values and labels, with `current` in force.
pub(crate) fn choices(all: &[(&str, &str)], current: &str) -> Vec<Choice> {
    let choice = |(value, label): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        chosen: *value == current,
    };
    all.iter().map(choice).collect()
}

/// The page's number as it stands in its address; a page without a cursor is the first.
pub(crate) fn page_number(after: &str, page: &str) -> usize {
    if after.is_empty() { 1 } else { page.parse().unwrap_or(1) }
}

/// The beginning of a day, such as `2026-11-23`; none where that is no day.
pub(crate) fn day_begin(day: &str) -> Option<Timestamp> {
    format!("{day}T00:00:00Z").parse().ok()
}

/// The end of a day: the beginning of the next.
pub(crate) fn day_end(day: &str) -> Option<Timestamp> {
    Some(day_begin(day)? + DAY)
}

/// A time to the minute, such as `2026-11-23T14:05`, as browsers write it; none where that is no time.
pub(crate) fn minute(time: &str) -> Option<Timestamp> {
    let seconds = if time.matches(':').count() == 1 { ":00" } else { "" };
    format!("{time}{seconds}Z").parse().ok()
}

/// A time in an address or a query; empty where there is none.
pub(crate) fn written(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_minutes_are_read_as_browsers_write_them() {
        let begin = day_begin("2026-11-23").expect("a day");
        assert_eq!(begin.to_string(), "2026-11-23T00:00:00.000000Z");
        assert_eq!(
            day_end("2026-12-31").map(|time| time.to_string()).as_deref(),
            Some("2027-01-01T00:00:00.000000Z")
        );
        assert_eq!(minute("2026-11-23T14:05"), minute("2026-11-23T14:05:00"));
        for bad in ["", "today", "2026-13-01", "2026-02-30", "2026-11-23T00:00:00Z"] {
            assert_eq!(day_begin(bad), None, "{bad}");
        }
        assert_eq!(minute("14:05"), None);
    }
}
