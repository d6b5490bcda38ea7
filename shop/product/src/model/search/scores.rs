//! How well products match a search: points for every word of it, by the field that has the word and by how well it fits.

use words::{Fit, Likeness, Pattern};

use super::{
    Index,
    vocabulary::{Posting, Word},
};

/// In the head of the name, such as `whole milk` of `Whole Milk, 1 l`.
pub(super) const HEAD: u8 = 1;
/// The last word of the head: what the thing is.
pub(super) const LAST: u8 = 2;
pub(super) const NAME: u8 = 4;
pub(super) const SUPPLIER: u8 = 8;
pub(super) const DESCRIPTION: u8 = 16;
pub(super) const CODE: u8 = 32;

/// For a word in the name of a category.
pub(super) const OF_CATEGORY: [u8; 3] = [40, 35, 25];
const OF_NAME: [u8; 3] = [100, 80, 60];
const OF_SUPPLIER: [u8; 3] = [20, 17, 12];
const OF_DESCRIPTION: [u8; 3] = [10, 8, 5];
/// A part of a code means nothing.
const OF_CODE: [u8; 3] = [4, 3, 0];
/// Shared by the words of a name's head: a name that is just what is looked for has all of them.
const WHOLE_HEAD: u8 = 20;
const LAST_OF_HEAD: u8 = 6;
/// For a word that is in the category too.
const ALSO_CATEGORY: u8 = 4;

/// Words of one search; what comes after them does not narrow it.
const WORDS_MAX: usize = 16;

/// Which products match, and how well.
pub(super) struct Scored {
    /// By slot; 0 where it does not match.
    scores: Vec<u16>,
    /// The search as it was understood, where a word of it is found nowhere.
    pub(super) corrected: Option<String>,
    /// Whether they have all words of it, and not just some.
    pub(super) has_all: bool,
}

/// A part of a search between spaces.
struct Term {
    text: String,
    words: Vec<String>,
}

/// What a word of a search leads to.
struct Matches {
    /// By slot.
    points: Vec<u8>,
    /// What is found in its place.
    corrected: Option<String>,
}

impl Scored {
    pub(super) fn of(&self, slot: usize) -> u16 {
        self.scores.get(slot).copied().unwrap_or(0)
    }
}

/// What a fit is worth.
pub(super) trait Worth: Sized {
    fn points(self, points: [u8; 3]) -> u8;

    /// For a word in these fields of a product whose name has a head of so many words.
    fn points_in(self, fields: u8, head: u8) -> u8;

    /// For a word in the name of a category.
    fn points_of_category(self) -> u8;
}

impl Worth for Fit {
    fn points(self, points: [u8; 3]) -> u8 {
        let [whole, beginning, partial] = points;
        match self {
            Self::Whole => whole,
            Self::Beginning => beginning,
            Self::Partial => partial,
        }
    }

    fn points_in(self, fields: u8, head: u8) -> u8 {
        let base = match fields {
            _ if fields & NAME != 0 => self.points(OF_NAME),
            _ if fields & SUPPLIER != 0 => self.points(OF_SUPPLIER),
            _ if fields & DESCRIPTION != 0 => self.points(OF_DESCRIPTION),
            _ => self.points(OF_CODE),
        };
        let of_head = if fields & HEAD != 0 { WHOLE_HEAD / head.max(1) } else { 0 };
        base + of_head + if fields & LAST != 0 { LAST_OF_HEAD } else { 0 }
    }

    fn points_of_category(self) -> u8 {
        self.points(OF_CATEGORY)
    }
}

impl Index {
    /// The products that have all words of `search`; if there are none, those that have the most, if `some_words` are enough. A search
    /// without words matches nothing.
    pub(super) fn scored(&self, search: &str, some_words: bool) -> Scored {
        let (mut terms_scored, mut understood, mut is_corrected) = (Vec::new(), Vec::new(), false);
        for Term { text, words } in terms(search) {
            let mut term: Option<Vec<u16>> = None;
            let mut meant = Vec::new();
            for word in &words {
                let Matches { points, corrected } = self.matches(word);
                is_corrected |= corrected.is_some();
                meant.push(corrected.unwrap_or_else(|| word.clone()));
                term = Some(both(term, points.into_iter().map(u16::from)));
            }
            let mut term = term.unwrap_or_default();
            if let Ok(count @ 2..) = u16::try_from(words.len()) {
                for points in &mut term {
                    *points = points.div_ceil(count);
                }
                self.add_codes(&text, &mut term);
            }
            understood.push(meant.join(" "));
            terms_scored.push((text, term));
        }
        let all = terms_scored
            .iter()
            .fold(None, |scores, (_, term)| Some(both(scores, term.iter().copied())));
        let all = all.unwrap_or_default();
        if self.has_any(&all) {
            let corrected = is_corrected.then(|| understood.join(" "));
            return Scored { scores: all, corrected, has_all: true };
        }
        let telling = terms_scored.iter().filter(|(text, _)| says_something(text));
        let telling: Vec<&[u16]> = telling.map(|(_, term)| &**term).collect();
        let scores = if some_words { self.most(&telling) } else { Vec::new() };
        Scored { scores, corrected: None, has_all: false }
    }

    /// The sums of points of those products that match the most of the terms.
    fn most(&self, terms: &[&[u16]]) -> Vec<u16> {
        let sums = (0..self.slots.len()).map(|slot| {
            let points = terms.iter().filter_map(|term| term.get(slot).copied());
            points
                .filter(|points| *points > 0)
                .fold((0_usize, 0), |(count, sum), points| (count + 1, sum + points))
        });
        let sums: Vec<(usize, u16)> = sums.collect();
        let offered = sums.iter().zip(&self.slots).filter(|(_, slot)| slot.is_offered);
        let most = offered.map(|((count, _), _)| *count).max().unwrap_or(0);
        sums.into_iter().map(|(count, sum)| if count == most { sum } else { 0 }).collect()
    }

    fn has_any(&self, points: &[u16]) -> bool {
        points.iter().zip(&self.slots).any(|(points, slot)| *points > 0 && slot.is_offered)
    }

    /// The products that have a word: those that have just it or begin with it, or else, less and less like it.
    fn matches(&self, word: &str) -> Matches {
        let pattern = Pattern::new(word);
        for way in pattern.likenesses() {
            let like = self.vocabulary.like(&pattern, way);
            let of_categories = self.categories.points(&pattern, way);
            if like.is_empty() && of_categories.is_none() {
                continue;
            }
            let mut points = vec![0; self.slots.len()];
            for (word, fit) in &like {
                add(&word.at, *fit, &mut points);
            }
            if let Some(of_categories) = &of_categories {
                self.add_categories(of_categories, &mut points);
            }
            let is_offered = |(points, slot): (&u8, &super::Slot)| *points > 0 && slot.is_offered;
            if points.iter().zip(&self.slots).any(is_offered) {
                let corrected = (!matches!(way, Likeness::Begins | Likeness::Contains))
                    .then(|| most_frequent(&like).or_else(|| self.categories.word(&pattern, way)));
                return Matches { points, corrected: corrected.flatten() };
            }
        }
        Matches { points: vec![0; self.slots.len()], corrected: None }
    }

    fn add_categories(&self, of_categories: &[u8], points: &mut [u8]) {
        for (slot, points) in self.slots.iter().zip(points) {
            let of_category = of_categories.get(slot.category as usize).copied().unwrap_or(0);
            *points = match (*points, of_category) {
                (points, 0) => points,
                (0, of_category) => of_category,
                (points, of_category) => points.max(of_category) + ALSO_CATEGORY,
            };
        }
    }

    /// `T-1` is two words, but it may be a code.
    fn add_codes(&self, text: &str, term: &mut [u16]) {
        let code = words::code(text);
        let pattern = Pattern::new(&code);
        for (word, fit) in self.vocabulary.like(&pattern, Likeness::Begins) {
            for posting in word.at.iter().filter(|posting| posting.fields & CODE != 0) {
                if let Some(points) = term.get_mut(posting.slot as usize) {
                    *points = (*points).max(u16::from(fit.points(OF_CODE)));
                }
            }
        }
    }
}

/// Whether a word alone is worth finding products by: so many begin with one or two letters of ours.
fn says_something(text: &str) -> bool {
    text.chars().count() > 2 || !text.is_ascii()
}

/// The parts of a search that have words, each once.
fn terms(search: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    let mut room = WORDS_MAX;
    for text in search.split_whitespace() {
        let mut words = words::words(text);
        words.truncate(room);
        room -= words.len();
        if !words.is_empty() && !terms.iter().any(|term| term.words == words) {
            terms.push(Term { text: text.to_owned(), words });
        }
    }
    terms
}

/// The sums where both have points, and nothing where one has none.
fn both(scores: Option<Vec<u16>>, points: impl Iterator<Item = u16>) -> Vec<u16> {
    match scores {
        None => points.collect(),
        Some(mut scores) => {
            for (score, points) in scores.iter_mut().zip(points) {
                *score = if *score > 0 && points > 0 { *score + points } else { 0 };
            }
            scores
        }
    }
}

fn add(postings: &[Posting], fit: Fit, points: &mut [u8]) {
    for posting in postings {
        if let Some(points) = points.get_mut(posting.slot as usize) {
            *points = (*points).max(fit.points_in(posting.fields, posting.head));
        }
    }
}

/// Of several as frequent ones the last in the order of the alphabet.
fn most_frequent(like: &[(&Word, Fit)]) -> Option<String> {
    let frequent = like.iter().max_by_key(|(word, _)| (word.at.len(), &word.text));
    frequent.map(|(word, _)| word.text.to_string())
}
