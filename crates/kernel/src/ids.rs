//! Ids and randomness from one seed: drawn from the OS in production, chosen in a simulation.

use std::sync::Mutex;

use crate::sync;
use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use uuid::Uuid;

use crate::{EventId, Timestamp};

/// The one source of ids and random bytes (ChaCha20, a cryptographic generator).
pub struct Ids(Mutex<ChaCha20Rng>);

impl Ids {
    /// A source seeded with 32 bytes: secret ones from the system, or those of a simulation.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Mutex::new(ChaCha20Rng::from_seed(seed)))
    }

    /// Fills `bytes` with random ones.
    pub fn fill(&self, bytes: &mut [u8]) {
        sync::lock(&self.0).fill_bytes(bytes);
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// `N` random letters and digits that are not taken for one another, nearly five bits each: a double click selects them.
    pub fn letters<const N: usize>(&self) -> String {
        const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
        let letters = self.bytes::<N>().map(|byte| ALPHABET.iter().cycle().nth(byte.into()));
        letters.into_iter().flatten().copied().map(char::from).collect()
    }

    /// A new id that sorts by time (`UUIDv7`).
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// The id of an event that happens now.
    pub fn event_id(&self, now: Timestamp) -> EventId {
        EventId(self.uuid(now))
    }
}
