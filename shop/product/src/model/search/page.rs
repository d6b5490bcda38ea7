//! The page of a list: the first products in an order, after a cursor.

use uuid::Uuid;

use super::Slot;
use crate::model::{Cursor, Sort};

/// Where a product is in an order: the least comes first. Most are distinguished by a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank<'a> {
    number: i64,
    name: &'a str,
    id: u128,
}

/// The first products so far.
pub(super) struct Best<'a> {
    count: usize,
    after: Option<Rank<'a>>,
    /// In order; one more than the page has, to know whether there is another.
    first: Vec<(Rank<'a>, &'a Slot, u16)>,
}

impl<'a> Rank<'a> {
    pub(super) fn of(sort: Sort, slot: &'a Slot, score: u16) -> Self {
        let amounts = slot.amounts;
        let added = i64::try_from(amounts.added.0).unwrap_or(i64::MAX);
        match sort {
            Sort::Relevance => Self::relevant(score, Name::of(slot), slot.id),
            Sort::Name => Self::named(Name::of(slot), slot.id),
            Sort::Price => Self::up(amounts.price.minor(), slot.id),
            Sort::PriceDown => Self::down(amounts.price.minor(), slot.id),
            Sort::Newest => Self::down(added, slot.id),
            Sort::Available => Self::down(amounts.available, slot.id),
            Sort::Scarce => Self::up(amounts.available, slot.id),
            Sort::Sold => Self::down(amounts.sold, slot.id),
        }
    }

    pub(super) fn of_cursor(cursor: &'a Cursor) -> Self {
        match cursor {
            Cursor::Relevance(score, name, id) => Self::relevant(*score, Name::new(name), *id),
            Cursor::Name(name, id) => Self::named(Name::new(name), *id),
            Cursor::Price(value, id) | Cursor::Scarce(value, id) => Self::up(*value, *id),
            Cursor::PriceDown(value, id)
            | Cursor::Available(value, id)
            | Cursor::Sold(value, id) => Self::down(*value, *id),
            Cursor::Newest(value, id) => Self::down(i64::try_from(*value).unwrap_or(i64::MAX), *id),
        }
    }

    fn relevant(score: u16, name: Name<'a>, id: Uuid) -> Self {
        // The score, and the beginning of the name: the name itself is rarely looked at.
        let number = (-i64::from(score) << 48) + (name.begins >> 8);
        Self { number, name: name.key, id: id.as_u128() }
    }

    fn named(name: Name<'a>, id: Uuid) -> Self {
        Self { number: name.begins, name: name.key, id: id.as_u128() }
    }

    fn up(number: i64, id: Uuid) -> Self {
        Self { number, name: "", id: id.as_u128() }
    }

    fn down(number: i64, id: Uuid) -> Self {
        Self { number: number.saturating_neg(), name: "", id: !id.as_u128() }
    }
}

/// A name to sort by.
#[derive(Clone, Copy)]
struct Name<'a> {
    key: &'a str,
    begins: i64,
}

impl<'a> Name<'a> {
    fn of(slot: &'a Slot) -> Self {
        Self { key: &slot.name_key, begins: slot.name_begins }
    }

    fn new(key: &'a str) -> Self {
        Self { key, begins: beginning(key) }
    }
}

impl<'a> Best<'a> {
    pub(super) fn new(count: usize, after: Option<Rank<'a>>) -> Self {
        Self { count, after, first: Vec::new() }
    }

    pub(super) fn offer(&mut self, rank: Rank<'a>, slot: &'a Slot, score: u16) {
        if self.after.is_some_and(|after| rank <= after) {
            return;
        }
        if self.first.len() > self.count && self.first.last().is_some_and(|last| last.0 < rank) {
            return;
        }
        let at = self.first.partition_point(|(other, ..)| *other < rank);
        self.first.insert(at, (rank, slot, score));
        self.first.truncate(self.count + 1);
    }

    /// The products of the page, and where the next one begins.
    pub(super) fn page(mut self, sort: Sort) -> (Vec<Uuid>, Option<Cursor>) {
        let more = self.first.len() > self.count;
        self.first.truncate(self.count);
        let last = self.first.last().filter(|_| more);
        let next = last.map(|(_, slot, score)| cursor(sort, slot, *score));
        (self.first.iter().map(|(_, slot, _)| slot.id).collect(), next)
    }
}

fn cursor(sort: Sort, slot: &Slot, score: u16) -> Cursor {
    let (id, name, amounts) = (slot.id, slot.name_key.to_string(), slot.amounts);
    match sort {
        Sort::Relevance => Cursor::Relevance(score, name, id),
        Sort::Name => Cursor::Name(name, id),
        Sort::Price => Cursor::Price(amounts.price.minor(), id),
        Sort::PriceDown => Cursor::PriceDown(amounts.price.minor(), id),
        Sort::Newest => Cursor::Newest(amounts.added.0, id),
        Sort::Available => Cursor::Available(amounts.available, id),
        Sort::Scarce => Cursor::Scarce(amounts.available, id),
        Sort::Sold => Cursor::Sold(amounts.sold, id),
    }
}

/// The first seven bytes of a name as a number, which sorts like it.
pub(super) fn beginning(name: &str) -> i64 {
    let bytes = name.bytes().chain(std::iter::repeat(0)).take(7);
    bytes.fold(0, |number, byte| number << 8 | i64::from(byte))
}
