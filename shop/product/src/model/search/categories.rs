//! The categories by whose names products are found, too. They are few, so every search looks at all of them: a new name of one
//! changes nothing about its products.

use std::collections::BTreeMap;

use uuid::Uuid;
use words::{Fit, Glance, Likeness, Pattern};

use super::scores::Worth;

/// Categories of products, numbered.
#[derive(Debug, Default)]
pub(super) struct Categories {
    numbers: BTreeMap<Uuid, u32>,
    all: Vec<Category>,
}

/// A category that products are in.
#[derive(Debug)]
pub(super) struct Category {
    pub(super) id: Uuid,
    /// None if it is gone.
    pub(super) name: Option<String>,
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    text: String,
    seen: Glance,
}

impl Categories {
    /// The number of a category, which it gets with its first product.
    pub(super) fn number(&mut self, id: Uuid) -> u32 {
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.all.push(Category { id, name: None, words: Vec::new() });
        }
        number
    }

    pub(super) fn known(&self, id: Uuid) -> Option<u32> {
        self.numbers.get(&id).copied()
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn all(&self) -> &[Category] {
        &self.all
    }

    pub(super) fn name(&mut self, named: Vec<(Uuid, String)>) {
        for category in &mut self.all {
            (category.name, category.words) = (None, Vec::new());
        }
        for (id, name) in named {
            let number = self.number(id) as usize;
            let Some(category) = self.all.get_mut(number) else { continue };
            category.words = words::words(&name).into_iter().map(Word::new).collect();
            category.name = Some(name);
        }
    }

    /// Points by number, if any name has a word like it.
    pub(super) fn points(&self, pattern: &Pattern<'_>, way: Likeness) -> Option<Vec<u8>> {
        let points = |category: &Category| {
            let fits = category.words.iter().filter_map(|word| word.fit(pattern, way));
            fits.map(Worth::points_of_category).max().unwrap_or(0)
        };
        let all: Vec<u8> = self.all.iter().map(points).collect();
        all.iter().any(|points| *points > 0).then_some(all)
    }

    /// A word of a name that is like it.
    pub(super) fn word(&self, pattern: &Pattern<'_>, way: Likeness) -> Option<String> {
        let mut words = self.all.iter().flat_map(|category| &category.words);
        words.find(|word| word.fit(pattern, way).is_some()).map(|word| word.text.clone())
    }
}

impl Word {
    fn new(text: String) -> Self {
        Self { seen: Glance::of(&text), text }
    }

    fn fit(&self, pattern: &Pattern<'_>, way: Likeness) -> Option<Fit> {
        pattern.fit(way, &self.text, self.seen)
    }
}
