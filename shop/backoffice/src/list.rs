//! Shared by lists: queries, filter choices, and parsing of times.

use kernel::Timestamp;

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

/// The page's number as it is in its address; a page without a cursor is the first.
pub(crate) fn page_number(after: &str, page: &str) -> usize {
    if after.is_empty() { 1 } else { page.parse().unwrap_or(1) }
}

/// A time in an address or a query; empty where there is none.
pub(crate) fn written(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}
