//! All chance of the sample shop, from one seed.

use std::ops::Range;

use kernel::Ids;

/// A seeded source of chance.
pub(crate) struct Chance(Ids);

impl Chance {
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        Self(Ids::from_seed(seed))
    }

    /// One of many that follow from one seed.
    pub(crate) fn numbered(seed: u64, number: u64) -> Self {
        let mut bytes = [0; 32];
        let halves = seed.to_le_bytes().into_iter().chain(number.to_le_bytes());
        bytes.iter_mut().zip(halves).for_each(|(byte, drawn)| *byte = drawn);
        Self::from_seed(bytes)
    }

    /// A number in `range`, which is not empty.
    pub(crate) fn within(&self, range: Range<u64>) -> u64 {
        range.start + u64::from_le_bytes(self.0.bytes()) % (range.end - range.start).max(1)
    }

    /// Whether something with a chance of `percent` in a hundred happens.
    pub(crate) fn happens(&self, percent: u64) -> bool {
        self.within(0..100) < percent
    }

    /// One of `choices`, each as likely as its weight says; none without any weight.
    pub(crate) fn weighted<T: Copy>(&self, choices: &[(T, u64)]) -> Option<T> {
        let whole = choices.iter().map(|(_, weight)| weight).sum();
        if whole == 0 {
            return None;
        }
        let mut drawn = self.within(0..whole);
        choices.iter().find_map(|(choice, weight)| {
            let is_it = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            is_it.then_some(*choice)
        })
    }
}
