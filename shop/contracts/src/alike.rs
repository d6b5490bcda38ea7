//! Names of event types that may have been meant by one that does not exist.

use std::ops::RangeInclusive;

/// So many edits apart, two names may be the same one mistyped.
const EDITS_MAX: usize = 2;
/// Fewer letters are in too many names, and no name has more.
const LETTERS: RangeInclusive<usize> = 3..=200;

/// Those of `all` that hold what was written, whole or after the category; else those that it may be mistyped for.
#[must_use]
pub fn alike<'a>(written: &str, all: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let written = written.trim().to_lowercase();
    if !LETTERS.contains(&written.chars().count()) {
        return Vec::new();
    }
    let all: Vec<&str> = all.into_iter().collect();
    let holding: Vec<&str> = all.iter().copied().filter(|kind| kind.contains(&*written)).collect();
    if !holding.is_empty() {
        return holding;
    }
    let is_near = |kind: &&str| {
        let name = kind.split_once('.').map_or(*kind, |(_, name)| name);
        [*kind, name].into_iter().any(|name| edits(&written, name) <= EDITS_MAX)
    };
    all.into_iter().filter(is_near).collect()
}

/// How many letters must be added, left out or replaced to make one text of the other (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let first: Vec<usize> = (0..=other.len()).collect();
    let last = one.chars().fold(first, |above, letter| {
        let mut fewest = above.first().map_or(0, |first| first + 1);
        let mut row = vec![fewest];
        for (pair, with) in above.windows(2).zip(&other) {
            let [diagonal, up] = pair else { continue };
            let replaced = diagonal + usize::from(letter != *with);
            fewest = replaced.min(up + 1).min(fewest + 1);
            row.push(fewest);
        }
        row
    });
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{customer::CustomerEvent, order::OrderEvent, product::ProductEvent};

    const CREDIT: &str = CustomerEvent::CREDIT_DENIED;
    const STOCK: &str = ProductEvent::STOCK_DENIED;
    const DENIED: &str = OrderEvent::DENIED;
    const PLACED: &str = OrderEvent::PLACED;

    #[test]
    fn a_part_of_a_name_or_a_mistyped_one_leads_to_those_that_there_are() {
        let alike = |written: &str| alike(written, [CREDIT, DENIED, PLACED, STOCK]);
        assert_eq!(alike("denied"), [CREDIT, DENIED, STOCK]);
        assert_eq!(alike(" Stock-Denied"), [STOCK]);
        assert_eq!(alike("order.plcaed"), [PLACED]);
        assert_eq!(alike("placd"), [PLACED]);
        assert_eq!(alike("order"), [DENIED, PLACED]);
        for nothing in ["", "or", "parcel.sent", "größe"] {
            assert!(alike(nothing).is_empty(), "{nothing}");
        }
    }
}
