//! Texts as n-grams of one to three characters, by which the index finds parts of words. Pure.
//!
//! The index takes words separated by blanks, so every gram is made one.

/// Characters of the longest grams.
const LONGEST: usize = 3;
/// Grams looked up for one search: each narrows what is found, and the text itself has the last word.
const LOOKED_UP_MAX: usize = 12;

/// All grams of a text of several lines, as the index takes them in. None spans two lines.
pub(super) fn of_text(text: &str) -> String {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let mut grams: Vec<&[char]> = Vec::new();
    for line in &lines {
        for length in 1..=LONGEST {
            grams.extend(line.windows(length));
        }
    }
    grams.sort_unstable();
    grams.dedup();
    let mut words = String::with_capacity(grams.len() * (LONGEST + 1));
    for gram in grams {
        words.extend(gram.iter().copied().map(in_word));
        words.push(' ');
    }
    words
}

/// A query of the index for texts in which `search` may stand, since its grams do.
pub(super) fn query(search: &str) -> String {
    let characters: Vec<char> = search.chars().collect();
    // From the first to the one that ends where the search ends; those across two words tell most.
    let last = characters.len().saturating_sub(LONGEST);
    let every = (last + 1).div_ceil(LOOKED_UP_MAX);
    let mut query = String::new();
    for start in (0..=last).step_by(every) {
        if !query.is_empty() {
            query.push(' ');
        }
        let gram = characters.iter().skip(start).take(LONGEST);
        query.push('"');
        query.extend(gram.copied().map(in_word));
        query.push('"');
    }
    query
}

/// The index takes ASCII's signs for blanks and folds its capitals (which a searchable text has none of); private characters
/// stand for them.
fn in_word(character: char) -> char {
    /// The first of Unicode's characters for private use.
    const PRIVATE: u32 = 0xe000;
    if character.is_ascii() && !character.is_ascii_alphanumeric() {
        char::from_u32(PRIVATE + u32::from(character)).unwrap_or(character)
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_grams_of_its_lines() {
        assert_eq!(of_text("ab\nc"), "a ab b c ");
        assert_eq!(of_text(""), "");
        assert_eq!(of_text("a-b").split(' ').count(), 7, "signs are parts of words too");
    }

    #[test]
    fn a_short_search_is_one_gram_and_a_long_one_several() {
        assert_eq!(query("te"), "\"te\"");
        assert_eq!(query("tea"), "\"tea\"");
        assert_eq!(query("teapo"), "\"tea\" \"eap\" \"apo\"");
        let long = "abcdefghi".repeat(20);
        assert!(query(&long).split(' ').count() <= LOOKED_UP_MAX);
    }
}
