//! What the guided tour consists of: ten steps, each with one thing to do on the real pages, what to watch there, and the lines of code
//! behind it.
//!
//! How far a visitor is stands in the address, also in that of the real pages (`tour=3`), and nowhere else.

mod code;
mod reading;
mod steps;

use site::Guide;

pub(crate) use code::Code;
pub(crate) use reading::{Chapter, chapter};
pub(crate) use steps::{Deed, HALF_A_YEAR_AGO, STEPS, Step};

/// Where its steps are listed.
pub(crate) const HERE: &str = "/tour";
/// Where the book is, in a shop that has it.
pub(crate) const BOOK: &str = "/book";
/// The step in the addresses of other pages.
const NAME: &str = "tour";

/// A file of the workspace that a step shows lines of.
pub(crate) fn source(file: &str) -> Option<&'static Code> {
    STEPS.iter().flat_map(|step| step.code).find(|code| code.file == file)
}

/// A step by its number, from 1.
pub(crate) fn numbered(number: usize) -> Option<(usize, &'static Step)> {
    Some((number, STEPS.get(number.checked_sub(1)?)?))
}

/// What goes along on a page that was opened from a step.
pub(crate) fn along(address: &str) -> Option<Guide> {
    let (number, step) = in_address(address)?;
    let next = numbered(number + 1).map(|(number, _)| format!("{HERE}/{number}"));
    Some(Guide {
        title: format!("Step {number} of {}: {}", STEPS.len(), step.title),
        text: step.glance,
        tasks: step.deeds.iter().map(Deed::words).collect(),
        watch: step.watch,
        back: format!("{HERE}/{number}"),
        next: next.unwrap_or_else(|| HERE.to_owned()),
    })
}

/// The step that an address names.
pub(crate) fn in_address(address: &str) -> Option<(usize, &'static Step)> {
    let (address, _) = in_page(address);
    let (_, query) = address.split_once('?')?;
    let mut named = query.split('&').filter_map(|pair| pair.split_once('='));
    let number = named.rfind(|(name, _)| *name == NAME)?.1;
    numbered(number.parse().ok()?)
}

/// The same address, in which a step is named.
pub(crate) fn with_step(address: &str, number: usize) -> String {
    if in_address(address).is_some() {
        return address.to_owned();
    }
    let (address, place) = in_page(address);
    let between = if address.contains('?') { '&' } else { '?' };
    format!("{address}{between}{NAME}={number}{place}")
}

/// An address without the place in its page, and that place with its `#`.
fn in_page(address: &str) -> (&str, &str) {
    address.split_at(address.find('#').unwrap_or(address.len()))
}

impl Deed {
    /// What to do, without the link.
    fn words(&self) -> String {
        let link = self.link.as_ref().map_or("", |link| link.words);
        format!("{}{link}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_excerpt_is_in_its_source() {
        for step in &STEPS {
            assert!(!step.code.is_empty(), "{}", step.title);
            for code in step.code {
                let (file, anchor) = (code.file, code.anchor);
                let (line, text) =
                    code.excerpt().unwrap_or_else(|| panic!("{file} has no excerpt {anchor}"));
                assert!(line > 1 && !text.trim().is_empty(), "{file}, {anchor}: {text}");
                assert!(!text.contains("ANCHOR"), "{file}, {anchor}: {text}");
            }
        }
    }

    #[test]
    fn the_step_is_in_the_address() {
        assert_eq!(with_step("/orders", 5), "/orders?tour=5");
        assert_eq!(with_step("/orders?status=Pending", 10), "/orders?status=Pending&tour=10");
        assert_eq!(with_step("/orders?tour=5", 6), "/orders?tour=5");
        assert_eq!(with_step("/playground?seed=7#now", 6), "/playground?seed=7&tour=6#now");
        assert_eq!(with_step("/playground?tour=5#now", 6), "/playground?tour=5#now");
        for (address, number) in [
            ("/?live=off&tour=3", Some(3)),
            ("/?tour=0", None),
            ("/?tour=11", None),
            ("/tour", None),
            ("/?tour=x", None),
        ] {
            assert_eq!(in_address(address).map(|(number, _)| number), number, "{address}");
        }
    }

    #[test]
    fn what_takes_the_playground_says_so() {
        for step in &STEPS {
            let is_there = |deed: &Deed| {
                deed.link.as_ref().is_some_and(|link| link.href.starts_with("/playground"))
            };
            assert_eq!(step.deeds.iter().any(is_there), step.plays, "{}", step.title);
        }
    }
}
