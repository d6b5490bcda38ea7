//! All words of all products, and which products have each.
//!
//! Those that begin with a word are next to each other in a tree. Those that contain it, or are meant by it, are looked for in a
//! list of what words look like at a glance, which is short enough to be read as a whole: 30,000 words take some 30 µs.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use words::{Fit, Glance, Likeness, Pattern};

#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    numbers: BTreeMap<Arc<str>, u32>,
    words: Vec<Word>,
    /// Not of words that are only found by their beginning.
    glances: Vec<(Glance, u32)>,
}

#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: Arc<str>,
    pub(super) at: Vec<Posting>,
}

/// A product that has a word, and in which of its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub(super) slot: u32,
    pub(super) fields: u8,
    /// Words in the head of the product's name.
    pub(super) head: u8,
}

impl Vocabulary {
    pub(super) fn add(&mut self, text: &str, posting: Posting) {
        if let Some(word) =
            self.numbers.get(text).and_then(|number| self.words.get_mut(*number as usize))
        {
            word.at.push(posting);
            return;
        }
        let Ok(number) = u32::try_from(self.words.len()) else { return };
        let shared: Arc<str> = text.into();
        if !words::is_number(text) {
            self.glances.push((Glance::of(text), number));
        }
        self.numbers.insert(Arc::clone(&shared), number);
        self.words.push(Word { text: shared, at: vec![posting] });
    }

    /// The words that are like the pattern in that way, and how well they fit.
    pub(super) fn like(&self, pattern: &Pattern<'_>, way: Likeness) -> Vec<(&Word, Fit)> {
        if way == Likeness::Begins {
            return self.beginning_with(pattern);
        }
        let may = self.glances.iter().filter(|(seen, _)| pattern.may_fit(way, *seen));
        let fitting = may.filter_map(|(seen, number)| {
            let word = self.words.get(*number as usize)?;
            Some((word, pattern.fit(way, &word.text, *seen)?))
        });
        fitting.collect()
    }

    fn beginning_with(&self, pattern: &Pattern<'_>) -> Vec<(&Word, Fit)> {
        let from: (Bound<&str>, Bound<&str>) = (Bound::Included(pattern.word), Bound::Unbounded);
        let begin = self.numbers.range::<str, _>(from);
        let begin = begin.take_while(|(text, _)| text.starts_with(pattern.word));
        let fitting = begin.filter_map(|(text, number)| {
            let fit = if **text == *pattern.word { Fit::Whole } else { Fit::Beginning };
            Some((self.words.get(*number as usize)?, fit))
        });
        fitting.collect()
    }
}
