//! Lists: a page as the gateway returns it, where in the list it is, and the choices that narrow or sort it.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};
use serde::Deserialize;
use web::COUNTED_MAX;

use crate::Count;

/// Items, and the cursor of the page after them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Listing<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
    /// How many items all pages have, where that was asked for; they are counted up to [`COUNTED_MAX`].
    #[serde(default)]
    pub total: Option<u64>,
}

impl<T> Listing<T> {
    /// An empty list.
    #[must_use]
    pub const fn none() -> Self {
        Self { items: Vec::new(), next: None, total: None }
    }

    /// How many items all pages have, in words.
    #[must_use]
    pub fn tally(&self, one: &str, several: &str) -> String {
        match self.total {
            None => String::new(),
            Some(1) => format!("1 {one}"),
            Some(total) if total >= COUNTED_MAX as u64 => {
                format!("{} {several} or more", Count(total))
            }
            Some(total) => format!("{} {several}", Count(total)),
        }
    }

    /// The same where that is known exactly, which the numbers of a page's items go with.
    #[must_use]
    pub fn exact_total(&self) -> Option<u64> {
        self.total.filter(|total| *total < COUNTED_MAX as u64)
    }
}

/// The sizes that a page can have, where its list offers them.
pub(crate) const SIZES: [usize; 4] = [25, 50, 100, 200];

/// Pages before this one that an address leads back to: cursors are short, and addresses must not be long.
pub(crate) const BACK_MAX: usize = 24;

/// Where in a list a page is, as its address says: a part of the query of every list.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Place {
    /// The cursor of the page; empty for the first one.
    #[serde(default)]
    pub after: String,
    #[serde(default)]
    page: String,
    /// The cursors of the pages before it but the first, the nearest last. Lists of the gateway only go forward.
    #[serde(default)]
    back: String,
    #[serde(default)]
    size: String,
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

impl Place {
    /// The page's number, from 1; a page without a cursor is the first.
    #[must_use]
    pub fn number(&self) -> usize {
        if self.after.is_empty() { 1 } else { self.page.parse().unwrap_or(1).max(1) }
    }

    /// How many items the page has at most: the size asked for, if it is offered, else `usual`.
    #[must_use]
    pub fn size(&self, usual: usize) -> usize {
        self.size.parse().ok().filter(|size| SIZES.contains(size)).unwrap_or(usual)
    }

    /// The cursors of the pages before, the nearest last.
    pub(crate) fn before(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.back.split(BETWEEN).filter(|cursor| !cursor.is_empty())
    }
}

/// Between cursors, none of which has it.
pub(crate) const BETWEEN: char = '~';

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = escape(&self.value, Html).map_err(|_| fmt::Error)?;
        let label = escape(&self.label, Html).map_err(|_| fmt::Error)?;
        let selected = if self.chosen { " selected" } else { "" };
        write!(f, "<option value=\"{value}\"{selected}>{label}</option>")
    }
}

impl HtmlSafe for Choice {}
