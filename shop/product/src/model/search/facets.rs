//! What a list can be narrowed to, with how many products are left: each as if everything else stayed chosen.

use contracts::money::Money;

use super::{Slot, categories::Categories};
use crate::model::{CategoryFacet, Facets, PriceFacet};

/// Ranges of prices to choose from.
const RANGES_MAX: usize = 5;
/// Where ranges begin, in whole units of money.
const BOUNDS: [i64; 13] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000];
/// Minor units of money in a whole one.
const MINOR: i64 = 100;

/// Counts of the products met so far.
pub(super) struct Tally {
    categories: Vec<u64>,
    prices: [u64; BOUNDS.len()],
    in_stock: u64,
}

/// A product that matches the search, and which of the other conditions it meets.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) slot: &'a Slot,
    pub(super) in_category: bool,
    pub(super) in_price: bool,
    pub(super) in_stock: bool,
}

impl Tally {
    pub(super) fn new(categories: usize) -> Self {
        Self { categories: vec![0; categories], prices: [0; BOUNDS.len()], in_stock: 0 }
    }

    pub(super) fn count(&mut self, seen: Seen<'_>) {
        let Seen { slot, in_category, in_price, in_stock } = seen;
        if in_price
            && in_stock
            && let Some(count) = self.categories.get_mut(slot.category as usize)
        {
            *count += 1;
        }
        if in_category && in_stock {
            let price = slot.amounts.price.minor();
            let at = BOUNDS.partition_point(|bound| bound * MINOR <= price).saturating_sub(1);
            if let Some(count) = self.prices.get_mut(at) {
                *count += 1;
            }
        }
        self.in_stock += u64::from(in_category && in_price && slot.amounts.available > 0);
    }

    pub(super) fn facets(self, categories: &Categories) -> Facets {
        let all = categories.all().iter().zip(&self.categories).filter(|(_, count)| **count > 0);
        let mut categories: Vec<CategoryFacet> = all
            .map(|(category, count)| CategoryFacet {
                id: category.id,
                name: category.name.clone(),
                products: *count,
            })
            .collect();
        categories.sort_by(|a, b| b.products.cmp(&a.products).then_with(|| a.name.cmp(&b.name)));
        Facets { categories, prices: ranges(&self.prices), in_stock: self.in_stock }
    }
}

/// A few ranges with about as many products each.
fn ranges(counts: &[u64]) -> Vec<PriceFacet> {
    let ends = BOUNDS.iter().skip(1).map(|bound| Some(bound * MINOR - 1)).chain([None]);
    let all = BOUNDS.iter().zip(ends).zip(counts).filter(|(_, count)| **count > 0);
    let mut ranges: Vec<PriceFacet> = all
        .map(|((from, to), count)| PriceFacet {
            from: Money::from_minor(from * MINOR),
            to: to.map(Money::from_minor),
            products: *count,
        })
        .collect();
    while ranges.len() > RANGES_MAX {
        let pairs = ranges.windows(2).enumerate();
        let together = |(at, pair): (usize, &[PriceFacet])| {
            (pair.iter().map(|range| range.products).sum::<u64>(), at)
        };
        let Some((products, at)) = pairs.map(together).min() else { break };
        let next = ranges.remove(at + 1);
        if let Some(range) = ranges.get_mut(at) {
            (range.to, range.products) = (next.to, products);
        }
    }
    ranges
}
