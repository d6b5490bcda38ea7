//! All chance of faults, from one seed.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
};

use chacha20::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use kernel::sync;

/// A seeded source of chance. Clones draw from the same source.
#[derive(Clone)]
pub struct Dice(Arc<Mutex<ChaCha8Rng>>);

impl Dice {
    /// Dice whose every throw follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))))
    }

    /// Begins again, as new dice of `seed`.
    pub fn reseed(&self, seed: u64) {
        *sync::lock(&self.0) = ChaCha8Rng::seed_from_u64(seed);
    }

    /// Any number of 64 bits.
    pub fn number(&self) -> u64 {
        sync::lock(&self.0).next_u64()
    }

    /// A number in `range`, which is not empty.
    pub fn within(&self, range: Range<u64>) -> u64 {
        range.start + self.number() % (range.end - range.start).max(1)
    }

    /// Whether something with a chance of `per_mille` in a thousand happens.
    pub fn happens(&self, per_mille: u16) -> bool {
        self.within(0..1000) < u64::from(per_mille)
    }

    /// One of `choices`, which are not none.
    pub fn pick<'a, T>(&self, choices: &'a [T]) -> &'a T {
        let index = usize::try_from(self.within(0..choices.len() as u64)).unwrap_or(0);
        choices.get(index).expect("the index is within the choices")
    }

    /// `N` bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        sync::lock(&self.0).fill_bytes(&mut bytes);
        bytes
    }
}
