//! Finds products: an index of their words in memory, with what lists are narrowed and sorted by. Pure; it follows from the rows
//! of the model.
//!
//! ```text
//!  search ─▶ words ─▶ which products have each, and how well ─▶ those with all of them, scored
//!                                                                   └─▶ narrowed, counted, sorted ─▶ a page
//! ```
//! Products that do not match cost next to nothing, so everything that matches is looked at: counts are exact.

mod categories;
mod facets;
mod page;
mod scores;
mod vocabulary;

use std::collections::BTreeMap;

use contracts::money::Money;
use kernel::Position;
use uuid::Uuid;

use super::{Cursor, Facets, ProductQuery, name_key};
use categories::Categories;
use facets::Tally;
use page::{Best, Rank};
use scores::{CODE, DESCRIPTION, HEAD, LAST, NAME, SUPPLIER};
use vocabulary::{Posting, Vocabulary};

/// Products replaced or deleted whose words are still in the index, beyond as many as there are others: then it is made again.
const WORN: usize = 1_000;

/// The index of all products that are offered.
#[derive(Debug, Default)]
pub struct Index {
    vocabulary: Vocabulary,
    /// A product that is changed gets another slot.
    slots: Vec<Slot>,
    by_id: BTreeMap<Uuid, u32>,
    categories: Categories,
}

/// A product as it is indexed.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    pub id: Uuid,
    /// Changes with its texts and its category.
    pub revision: u64,
    pub code: Option<&'a str>,
    pub name: &'a str,
    pub supplier: &'a str,
    pub description: &'a str,
    pub category: Uuid,
    pub amounts: Amounts,
}

/// What changes with every order, or is not text.
#[derive(Clone, Copy, Debug)]
pub struct Amounts {
    pub price: Money,
    pub available: i64,
    pub sold: i64,
    pub added: Position,
}

/// A page of what was found.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    pub ids: Vec<Uuid>,
    pub next: Option<Cursor>,
    pub total: u64,
    pub corrected: Option<String>,
    /// None of them has all words of the search; they have the most.
    pub some_words: bool,
    pub facets: Option<Facets>,
}

#[derive(Debug)]
struct Slot {
    amounts: Amounts,
    category: u32,
    is_offered: bool,
    id: Uuid,
    revision: u64,
    name_key: Box<str>,
    /// How it begins, as a number, which most products are sorted by.
    name_begins: i64,
}

impl Index {
    /// Adds a product, or what has changed of it.
    pub fn put(&mut self, document: &Document<'_>) {
        if let Some(slot) = self.slot_of(document.id)
            && slot.revision == document.revision
        {
            slot.amounts = document.amounts;
            return;
        }
        self.remove(document.id);
        let Ok(number) = u32::try_from(self.slots.len()) else { return };
        let head = words::head(document.name);
        let words_of_head = u8::try_from(head.len()).unwrap_or(u8::MAX);
        for (word, fields) in fields(document, &head) {
            self.vocabulary.add(&word, Posting { slot: number, fields, head: words_of_head });
        }
        let name_key = name_key(document.name);
        self.slots.push(Slot {
            amounts: document.amounts,
            category: self.categories.number(document.category),
            is_offered: true,
            id: document.id,
            revision: document.revision,
            name_begins: page::beginning(&name_key),
            name_key: name_key.into(),
        });
        self.by_id.insert(document.id, number);
    }

    /// Removes a product that is no longer offered.
    pub fn remove(&mut self, id: Uuid) {
        if let Some(slot) = self.slot_of(id) {
            slot.is_offered = false;
            self.by_id.remove(&id);
        }
    }

    /// Takes the categories by their names; those that were there before and are not now have none.
    pub fn name_categories(&mut self, named: Vec<(Uuid, String)>) {
        self.categories.name(named);
    }

    /// Whether it has so many words of products that are gone that it should be made again.
    #[must_use]
    pub fn is_worn(&self) -> bool {
        self.slots.len() > 2 * self.by_id.len() + WORN
    }

    /// The page of those products that match.
    #[must_use]
    pub fn find(&self, wanted: &ProductQuery) -> Hits {
        let scored = wanted.search.as_deref().map(|search| self.scored(search, wanted.some_words));
        let category = wanted.category.map(|id| self.categories.known(id));
        let mut best = Best::new(wanted.count, wanted.after.as_ref().map(Rank::of_cursor));
        let mut tally = Tally::new(self.categories.count());
        let mut total = 0;
        for (number, slot) in self.slots.iter().enumerate() {
            let score = scored.as_ref().map_or(1, |scored| scored.of(number));
            if score == 0 || !slot.is_offered || wanted.sold && slot.amounts.sold == 0 {
                continue;
            }
            let Amounts { price, available, .. } = slot.amounts;
            let in_category = category.is_none_or(|category| category == Some(slot.category));
            let in_price = wanted.least.is_none_or(|least| price >= least)
                && wanted.most.is_none_or(|most| price <= most);
            let in_stock = !wanted.in_stock || available > 0;
            if wanted.facets {
                tally.count(facets::Seen { slot, in_category, in_price, in_stock });
            }
            if in_category && in_price && in_stock {
                total += 1;
                best.offer(Rank::of(wanted.sort, slot, score), slot, score);
            }
        }
        let (ids, next) = best.page(wanted.sort);
        let facets = wanted.facets.then(|| tally.facets(&self.categories));
        let some_words = total > 0 && scored.as_ref().is_some_and(|scored| !scored.has_all);
        let corrected = scored.and_then(|scored| scored.corrected);
        Hits { ids, next, total, corrected, some_words, facets }
    }

    fn slot_of(&mut self, id: Uuid) -> Option<&mut Slot> {
        let number = *self.by_id.get(&id)?;
        self.slots.get_mut(usize::try_from(number).ok()?)
    }
}

/// The words of a product, each with all of its fields that have it.
fn fields(document: &Document<'_>, head: &[String]) -> BTreeMap<String, u8> {
    let mut fields: BTreeMap<String, u8> = BTreeMap::new();
    let mut add = |word: String, field: u8| *fields.entry(word).or_default() |= field;
    for (text, field) in
        [(document.name, NAME), (document.supplier, SUPPLIER), (document.description, DESCRIPTION)]
    {
        for word in words::words(text) {
            add(word, field);
        }
    }
    for word in head {
        add(word.clone(), HEAD);
    }
    if let Some(last) = head.last() {
        add(last.clone(), LAST);
    }
    if let Some(code) = document.code.map(words::code).filter(|code| !code.is_empty()) {
        add(code, CODE);
    }
    fields
}

#[cfg(test)]
mod tests;
