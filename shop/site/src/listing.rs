//! Lists: a page as the gateway returns it, its number, and the choices that narrow or sort it.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};
use serde::Deserialize;

/// Items, and the cursor of the page after them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listing<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// One option of a `<select>`, shown as such.
#[derive(Clone, Debug)]
pub struct Choice {
    pub value: String,
    pub label: String,
    /// Whether it is the one in force.
    pub chosen: bool,
}

/// The parts of a query that say something.
#[must_use]
pub fn given<'a, const N: usize>(pairs: [(&'a str, &'a str); N]) -> Vec<(&'a str, &'a str)> {
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The value asked for, if it is one of `all`; else the first.
#[must_use]
pub fn known<'a>(all: &[(&'a str, &'a str)], asked: &str) -> &'a str {
    let found = all.iter().find(|(value, _)| *value == asked).or(all.first());
    found.map_or("", |(value, _)| value)
}

/// The options of a `<select>` of `all` values and labels, with `current` in force.
#[must_use]
pub fn choices(all: &[(&str, &str)], current: &str) -> Vec<Choice> {
    let choice = |(value, label): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        chosen: *value == current,
    };
    all.iter().map(choice).collect()
}

/// The page's number as it is in its address; a page without a cursor is the first.
#[must_use]
pub fn page_number(after: &str, page: &str) -> usize {
    if after.is_empty() { 1 } else { page.parse().unwrap_or(1) }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = escape(&self.value, Html).map_err(|_| fmt::Error)?;
        let label = escape(&self.label, Html).map_err(|_| fmt::Error)?;
        let selected = if self.chosen { " selected" } else { "" };
        write!(f, "<option value=\"{value}\"{selected}>{label}</option>")
    }
}

impl HtmlSafe for Choice {}
