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
    letters: u32,
}

impl<'a> Pattern<'a> {
    #[must_use]
    pub fn new(word: &'a str) -> Self {
        Self { word, characters: word.chars().collect(), letters: letters(word) }
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

    /// How well `word`, which has these [`letters`], fits in that way, if it does.
    #[must_use]
    pub fn fit(&self, way: Likeness, word: &str, letters: u32) -> Option<Fit> {
        match way {
            Likeness::Begins if word == self.word => Some(Fit::Whole),
            Likeness::Begins => word.starts_with(self.word).then_some(Fit::Beginning),
            Likeness::Contains => word.contains(self.word).then_some(Fit::Partial),
            Likeness::Mistyped(typos) => {
                // Each typo takes one letter away and brings one in, at most.
                let may = (self.letters ^ letters).count_ones() as usize <= 2 * typos
                    && !self.differs_in_length(word, typos);
                (may && self.distances(word, typos)?.whole <= typos).then_some(Fit::Partial)
            }
            Likeness::BeginsMistyped(typos) => {
                let may = (self.letters & !letters).count_ones() as usize <= typos;
                (may && self.distances(word, typos)?.beginning <= typos).then_some(Fit::Partial)
            }
        }
    }

    /// Whether `word` has too many or too few letters to be this one with so few typos.
    fn differs_in_length(&self, word: &str, typos: usize) -> bool {
        self.word.is_ascii() && word.is_ascii() && self.word.len().abs_diff(word.len()) > typos
    }

    /// How many typos are between it and `word`, or a beginning of `word`: two letters in each other's place are one typo (the
    /// optimal string alignment distance). None if there are certainly more than `most`.
    fn distances(&self, word: &str, most: usize) -> Option<Distances> {
        let count = self.characters.len();
        let mut rows = [[0_usize; TYPO_LETTERS_MAX + 1]; 3];
        let [earlier, before, row] = &mut rows;
        let (mut earlier, mut before, mut row) = (earlier, before, row);
        for (at, cost) in before.iter_mut().enumerate() {
            *cost = at;
        }
        let (mut beginning, mut previous) = (count, None);
        for (read, letter) in word.chars().enumerate() {
            let cost = |row: &[usize; TYPO_LETTERS_MAX + 1], at: usize| {
                row.get(at).copied().unwrap_or(TYPO_LETTERS_MAX)
            };
            let mut left = read + 1;
            let mut fewest = left;
            for (at, wanted) in self.characters.iter().enumerate() {
                let mut least = (cost(before, at) + usize::from(*wanted != letter))
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
                *first = read + 1;
            }
            beginning = beginning.min(left);
            if fewest > most && beginning > most {
                return None;
            }
            std::mem::swap(&mut earlier, &mut before);
            std::mem::swap(&mut before, &mut row);
            previous = Some(letter);
        }
        Some(Distances { whole: before.get(count).copied()?, beginning })
    }
}

struct Distances {
    whole: usize,
    beginning: usize,
}

/// Which letters a word has, as bits: words with few in common need not be compared.
#[must_use]
pub fn letters(word: &str) -> u32 {
    word.chars().fold(0, |letters, letter| letters | 1 << (u32::from(letter) % 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(search: &str, word: &str) -> Option<Likeness> {
        let pattern = Pattern::new(search);
        let fits = |way: &Likeness| pattern.fit(*way, word, letters(word)).is_some();
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
}
