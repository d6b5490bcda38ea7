//! Whether a word of a text is what a word of a search means.

use crate::split::is_number;

/// Fewer letters are too few to tell a typo from another word.
const TYPO_LETTERS_MIN: usize = 4;
/// More are not a word.
const TYPO_LETTERS_MAX: usize = 32;
/// Letters to a typo.
const LETTERS_PER_TYPO: usize = 5;
/// Fewer letters are parts of too many words.
const PART_LETTERS_MIN: usize = 3;

/// How a word of a text may be like the one looked for; the later ones only count where none of the earlier ones is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// It begins with it.
    Begins,
    /// It contains it.
    Contains,
    /// It is written with so many letters too many, too few, others, or in another order.
    Mistyped(usize),
    /// Its beginning is.
    BeginsMistyped(usize),
}

/// How well a word fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is the word.
    Whole,
    /// The word begins with it.
    Beginning,
    /// It is within the word, or the word is meant by it.
    Partial,
}

/// A word that is looked for.
#[derive(Debug)]
pub struct Pattern<'a> {
    pub word: &'a str,
    characters: Vec<char>,
    glance: Glance,
}

/// What is seen of a word at a glance, so that most words need not be compared letter by letter.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// Which letters it has, as bits; some letters share one.
    letters: u32,
    /// How many.
    length: u8,
}

impl Glance {
    #[must_use]
    pub fn of(word: &str) -> Self {
        let bit = |letter: char| 1 << (u32::from(letter) % 31);
        let letters = word.chars().fold(0, |letters, letter| letters | bit(letter));
        Self { letters, length: u8::try_from(word.chars().count()).unwrap_or(u8::MAX) }
    }
}

impl<'a> Pattern<'a> {
    #[must_use]
    pub fn new(word: &'a str) -> Self {
        Self { word, characters: word.chars().collect(), glance: Glance::of(word) }
    }

    /// The ways to look for it. A number is only itself or the beginning of another one.
    #[must_use]
    pub fn likenesses(&self) -> Vec<Likeness> {
        let count = self.characters.len();
        let mut ways = vec![Likeness::Begins];
        if is_number(self.word) {
            return ways;
        }
        if count >= PART_LETTERS_MIN || !self.word.is_ascii() {
            ways.push(Likeness::Contains);
        }
        if (TYPO_LETTERS_MIN..=TYPO_LETTERS_MAX).contains(&count) {
            let typos = (count / LETTERS_PER_TYPO).max(1);
            ways.extend((1..=typos).map(Likeness::Mistyped));
            if count > TYPO_LETTERS_MIN {
                ways.push(Likeness::BeginsMistyped(1));
            }
        }
        ways
    }

    /// Whether a word that looks like that may fit in that way. It rules out most that do not.
    #[must_use]
    pub fn may_fit(&self, way: Likeness, seen: Glance) -> bool {
        let Glance { letters, length } = self.glance;
        let (own, all) = (letters & !seen.letters, letters ^ seen.letters);
        // Each typo takes one letter away and brings one in, at most.
        let few = |letters: u32, most: usize| letters.count_ones() as usize <= most;
        let (length, seen_length) = (usize::from(length), usize::from(seen.length));
        match way {
            Likeness::Begins | Likeness::Contains => own == 0 && seen_length >= length,
            Likeness::Mistyped(typos) => {
                length.abs_diff(seen_length) <= typos && few(all, 2 * typos)
            }
            Likeness::BeginsMistyped(typos) => seen_length + typos >= length && few(own, typos),
        }
    }

    /// How well `word`, which looks like that, fits in that way, if it does.
    #[must_use]
    pub fn fit(&self, way: Likeness, word: &str, seen: Glance) -> Option<Fit> {
        if !self.may_fit(way, seen) {
            return None;
        }
        match way {
            Likeness::Begins if word == self.word => Some(Fit::Whole),
            Likeness::Begins => word.starts_with(self.word).then_some(Fit::Beginning),
            Likeness::Contains => word.contains(self.word).then_some(Fit::Partial),
            Likeness::Mistyped(typos) => {
                (self.distances(word, typos)?.whole <= typos).then_some(Fit::Partial)
            }
            Likeness::BeginsMistyped(typos) => {
                (self.distances(word, typos)?.beginning <= typos).then_some(Fit::Partial)
            }
        }
    }

    /// How many typos are between it and `word`, or a beginning of `word`: two letters in each other's place are one typo (the
    /// optimal string alignment distance). None if there are certainly more than `most`.
    fn distances(&self, word: &str, most: usize) -> Option<Distances> {
        let count = self.characters.len();
        let mut rows: [Row; 3] = [[0; TYPO_LETTERS_MAX + 1]; 3];
        let [earlier, before, row] = &mut rows;
        let (mut earlier, mut before, mut row) = (earlier, before, row);
        for (cost, at) in before.iter_mut().zip(0..) {
            *cost = at;
        }
        let (mut beginning, mut previous) = (count, None);
        // What comes after so many letters is further away with each of them.
        for (read, letter) in (1..).zip(word.chars().take(count + most)) {
            let cost = |row: &Row, at: usize| row.get(at).copied().unwrap_or(u8::MAX / 2);
            let mut left: u8 = read;
            let mut fewest = left;
            for (at, wanted) in self.characters.iter().enumerate() {
                let mut least = (cost(before, at) + u8::from(*wanted != letter))
                    .min(cost(before, at + 1) + 1)
                    .min(left + 1);
                let swapped = at > 0
                    && Some(*wanted) == previous
                    && self.characters.get(at - 1) == Some(&letter);
                if swapped {
                    least = least.min(cost(earlier, at - 1) + 1);
                }
                if let Some(to) = row.get_mut(at + 1) {
                    *to = least;
                }
                left = least;
                fewest = fewest.min(least);
            }
            if let Some(first) = row.first_mut() {
                *first = read;
            }
            beginning = beginning.min(usize::from(left));
            if usize::from(fewest) > most && beginning > most {
                return None;
            }
            std::mem::swap(&mut earlier, &mut before);
            std::mem::swap(&mut before, &mut row);
            previous = Some(letter);
        }
        Some(Distances { whole: usize::from(*before.get(count)?), beginning })
    }
}

/// Costs by how many letters of the pattern are read; never more than twice as many as a pattern with typos has.
type Row = [u8; TYPO_LETTERS_MAX + 1];

struct Distances {
    whole: usize,
    beginning: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(search: &str, word: &str) -> Option<Likeness> {
        let pattern = Pattern::new(search);
        let fits = |way: &Likeness| pattern.fit(*way, word, Glance::of(word)).is_some();
        pattern.likenesses().into_iter().find(fits)
    }

    #[test]
    fn one_letter_in_five_may_be_wrong() {
        for (search, word, expected) in [
            ("milk", "milkshake", Some(Likeness::Begins)),
            ("milk", "buttermilk", Some(Likeness::Contains)),
            ("cheeze", "cheese", Some(Likeness::Mistyped(1))),
            ("mlik", "milk", Some(Likeness::Mistyped(1))),
            ("espreso", "espresso", Some(Likeness::Mistyped(1))),
            ("choclatte", "chocolate", None),
            ("chocolatte", "chocolate", Some(Likeness::Mistyped(1))),
            ("strawbery", "strawberries", Some(Likeness::BeginsMistyped(1))),
            ("marmelades", "marmalade", Some(Likeness::Mistyped(2))),
            ("ham", "jam", None),
            ("1234", "1235", None),
        ] {
            assert_eq!(way(search, word), expected, "{search} in {word}");
        }
    }

    /// All words of up to four of these letters: whatever differs from another in one typo, and much that does not.
    fn short_words() -> Vec<String> {
        let mut words = vec![String::new()];
        let mut from = 0;
        for _ in 0..4 {
            let longer: Vec<String> = words
                .iter()
                .skip(from)
                .flat_map(|word| ['a', 'b', 'ñ'].map(|letter| format!("{word}{letter}")))
                .collect();
            from = words.len();
            words.extend(longer);
        }
        words
    }

    /// Whether one letter too many, too few, another or two in each other's place make `one` the other.
    fn is_one_typo(one: &str, other: &str) -> bool {
        let one: Vec<char> = one.chars().collect();
        let mut typos = (0..=one.len()).flat_map(|at| {
            let (before, after) = one.split_at(at);
            let with = |new: &[char], left: usize| {
                let rest = after.get(left..).unwrap_or_default();
                [before, new, rest].concat().into_iter().collect::<String>()
            };
            let swapped: Vec<char> = after.iter().take(2).rev().copied().collect();
            let letters = ['a', 'b', 'ñ'];
            let added = letters.map(|letter| with(&[letter], 0));
            let changed = letters.map(|letter| with(&[letter], 1));
            added.into_iter().chain(changed).chain([with(&[], 1), with(&swapped, 2)])
        });
        typos.any(|typo| typo == other)
    }

    #[test]
    fn a_glance_never_hides_a_word_that_fits() {
        let words = short_words();
        for search in words.iter().filter(|word| word.chars().count() == 4) {
            let pattern = Pattern::new(search);
            for word in &words {
                let fits = |way| pattern.fit(way, word, Glance::of(word)).is_some();
                let meant = word == search || is_one_typo(search, word);
                assert_eq!(fits(Likeness::Mistyped(1)), meant, "{search}, {word}");
                assert_eq!(fits(Likeness::Contains), word.contains(search), "{search}, {word}");
            }
        }
    }
}
