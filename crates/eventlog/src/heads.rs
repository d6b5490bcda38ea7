//! The last version and position of every stream, in at most 32 bytes each.

use std::cmp::Ordering;

use crate::hash::StreamKey;

/// Where a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) version: u64,
    pub(crate) position: u64,
}

/// A table of sorted buckets, addressed by the first bits of the key. When buckets hold 256 slots on average, each is
/// split in two; a bucket grows by an eighth. So a slot of 24 bytes costs 27 with its spare room, and never 32, where a
/// common hash table just grown would take 50.
#[derive(Debug)]
pub(crate) struct Heads {
    buckets: Vec<Vec<Slot>>,
    bits: u32,
    len: usize,
}

/// 96 bits of the key, 48 of the position and 48 of the version, in 24 bytes.
#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: u64,
    position: u64,
    version: u64,
}

const MEAN_BUCKET: usize = 256;
const LOW: u64 = (1 << 48) - 1;

impl Default for Heads {
    fn default() -> Self {
        Self { buckets: vec![Vec::new()], bits: 0, len: 0 }
    }
}

impl Heads {
    pub(crate) fn get(&self, key: StreamKey) -> Option<Head> {
        let wanted = Slot::new(key, Head { version: 0, position: 0 });
        let bucket = self.buckets.get(self.bucket(wanted))?;
        let found = self.search(bucket, wanted).ok()?;
        bucket.get(found).map(Slot::head)
    }

    pub(crate) fn set(&mut self, key: StreamKey, head: Head) {
        let slot = Slot::new(key, head);
        let at = self.bucket(slot);
        let found = self.buckets.get(at).map_or(Err(0), |bucket| self.search(bucket, slot));
        let bucket = self.buckets.get_mut(at).expect("there are 2^bits buckets");
        match found {
            Ok(found) => *bucket.get_mut(found).expect("it was just found") = slot,
            Err(place) => {
                if bucket.len() == bucket.capacity() {
                    bucket.reserve_exact(bucket.len() / 8 + 1);
                }
                bucket.insert(place, slot);
                self.len += 1;
                if self.len > MEAN_BUCKET << self.bits {
                    self.split();
                }
            }
        }
    }

    /// How many streams there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What the table takes up, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let slots: usize = self.buckets.iter().map(Vec::capacity).sum();
        slots * size_of::<Slot>() + self.buckets.capacity() * size_of::<Vec<Slot>>()
    }

    /// Where a key is in its bucket, or belongs. Keys are hashes, so one is close to where it would be if all were spread
    /// evenly: a few neighbours are looked at, rather than slots all over the bucket, each of which is a wait for memory.
    fn search(&self, bucket: &[Slot], wanted: Slot) -> Result<usize, usize> {
        let within = u128::from(wanted.hash.checked_shl(self.bits).unwrap_or(0));
        let mut place = usize::try_from((within * bucket.len() as u128) >> u64::BITS)
            .expect("it is below the number of slots");
        let order = |place: usize| bucket.get(place).map(|slot| slot.order(&wanted));
        while order(place) == Some(Ordering::Less) {
            place += 1;
        }
        while let Some(before) = place.checked_sub(1)
            && order(before).is_some_and(|order| order != Ordering::Less)
        {
            place = before;
        }
        if order(place) == Some(Ordering::Equal) { Ok(place) } else { Err(place) }
    }

    fn bucket(&self, slot: Slot) -> usize {
        let first_bits = slot.hash.checked_shr(u64::BITS - self.bits).unwrap_or(0);
        usize::try_from(first_bits).expect("there are fewer buckets than addresses")
    }

    fn split(&mut self) {
        self.bits += 1;
        let mut halves = Vec::with_capacity(self.buckets.len() * 2);
        for mut bucket in std::mem::take(&mut self.buckets) {
            let middle =
                bucket.partition_point(|slot| slot.hash >> (u64::BITS - self.bits) & 1 == 0);
            let mut upper = bucket.split_off(middle);
            bucket.shrink_to_fit();
            upper.shrink_to_fit();
            halves.extend([bucket, upper]);
        }
        self.buckets = halves;
    }
}

impl Slot {
    #[expect(clippy::cast_possible_truncation, reason = "the key is cut into pieces on purpose")]
    fn new(StreamKey(key): StreamKey, head: Head) -> Self {
        let (first, second, third) =
            ((key >> 64) as u64, key as u64 & !LOW, (key << 16) as u64 & !LOW);
        Self {
            hash: first,
            position: second | head.position & LOW,
            version: third | head.version & LOW,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let low = |slot: &Self| (slot.position & !LOW, slot.version & !LOW);
        self.hash.cmp(&other.hash).then_with(|| low(self).cmp(&low(other)))
    }

    fn head(&self) -> Head {
        Head { version: self.version & LOW, position: self.position & LOW }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> StreamKey {
        let hash = blake3::hash(&number.to_le_bytes());
        StreamKey(u128::from_le_bytes(*hash.as_bytes().first_chunk().unwrap()))
    }

    #[test]
    fn a_stream_costs_at_most_32_bytes() {
        let mut heads = Heads::default();
        for number in 0..300_000 {
            heads.set(key(number), Head { version: 0, position: number });
            let constant = 64;
            assert!(heads.memory_bytes() <= 32 * heads.len() + constant, "{number}");
        }
    }

    #[test]
    fn what_was_set_last_is_found() {
        let mut heads = Heads::default();
        for round in 0..3 {
            for number in 0..20_000 {
                heads.set(key(number), Head { version: round, position: number << 20 | round });
            }
        }
        assert_eq!(heads.len(), 20_000);
        for number in 0..20_000 {
            assert_eq!(
                heads.get(key(number)),
                Some(Head { version: 2, position: number << 20 | 2 })
            );
            assert_eq!(heads.get(key(number + 20_000)), None);
        }
    }

    #[test]
    fn keys_that_differ_in_any_of_96_bits_are_different() {
        let base = key(1);
        for bit in 32..128 {
            let mut heads = Heads::default();
            heads.set(base, Head { version: 1, position: 2 });
            assert_eq!(heads.get(StreamKey(base.0 ^ 1 << bit)), None);
        }
    }
}
