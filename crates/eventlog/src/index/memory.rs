//! The index of the segment being written, in memory, and its encoding as the file of a sealed one.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::layout::{self, Head};
use super::{BatchEntry, Identity, Span, StreamEntry};
use crate::format::{HEADER_BYTES, Record, category};
use crate::hash::StreamKey;

/// Each event names the one before it in its stream, so that a stream costs no list of its own.
#[derive(Debug)]
pub(crate) struct Memory {
    batches: Vec<BatchEntry>,
    /// For each event, one more than the place of the one before it in its stream, or 0.
    before: Vec<u32>,
    streams: HashMap<StreamKey, StreamEntry, BuildHasherDefault<KeyHasher>>,
    categories: BTreeMap<Box<str>, Vec<u32>>,
    end: u64,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            batches: Vec::new(),
            before: Vec::new(),
            streams: HashMap::default(),
            categories: BTreeMap::new(),
            end: HEADER_BYTES,
        }
    }

    /// Takes up a batch that is at `span`, behind all others.
    pub(crate) fn add<'a>(
        &mut self,
        span: Span,
        records: impl Iterator<Item = (StreamKey, Record<'a>)>,
    ) {
        let mut max_time_us = self.max_time_us();
        let first = narrow(self.before.len());
        for (key, record) in records {
            max_time_us = max_time_us.max(record.time_us);
            self.add_record(key, &record);
        }
        let offset = u32::try_from(span.offset).expect("segments are shorter than 4 GiB");
        self.batches.push(BatchEntry { first, offset, max_time_us });
        self.end = span.end;
    }

    fn add_record(&mut self, key: StreamKey, record: &Record<'_>) {
        let place = narrow(self.before.len());
        let new = StreamEntry { last_version: record.version, last: place, count: 1, start: 0 };
        let mut before = 0;
        self.streams
            .entry(key)
            .and_modify(|entry| {
                before = entry.last + 1;
                *entry = StreamEntry { count: entry.count + 1, ..new };
            })
            .or_insert(new);
        self.before.push(before);
        let category = category(record.stream);
        match self.categories.get_mut(category) {
            Some(places) => places.push(place),
            None => _ = self.categories.insert(category.into(), vec![place]),
        }
    }

    pub(super) fn batch_of(&self, position: u32) -> Option<Span> {
        let index = self.batches.partition_point(|batch| batch.first <= position);
        self.span(index.checked_sub(1)?)
    }

    pub(super) fn batch_since(&self, time_us: i64) -> Option<Span> {
        self.span(self.batches.partition_point(|batch| batch.max_time_us < time_us))
    }

    pub(super) fn max_time_us(&self) -> i64 {
        self.batches.last().map_or(i64::MIN, |batch| batch.max_time_us)
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn stream(&self, key: StreamKey) -> Option<StreamEntry> {
        self.streams.get(&key).copied()
    }

    pub(super) fn stream_positions(
        &self,
        entry: &StreamEntry,
        from_version: u64,
        limit: usize,
    ) -> Vec<u32> {
        let wanted = (entry.last_version + 1).saturating_sub(from_version);
        let mut places = self.chain(entry, u32::try_from(wanted).unwrap_or(u32::MAX));
        places.truncate(limit);
        places
    }

    pub(super) fn category_positions(&self, category: &str, from: u32, limit: usize) -> Vec<u32> {
        let places = self.categories.get(category).map(Vec::as_slice).unwrap_or_default();
        let start = places.partition_point(|&place| place < from);
        places.iter().skip(start).take(limit).copied().collect()
    }

    pub(super) fn each_category(&self, visit: &mut dyn FnMut(&str, u64)) {
        for (category, places) in &self.categories {
            visit(category, places.len() as u64);
        }
    }

    /// In no particular order.
    pub(super) fn each_stream(&self, visit: &mut dyn FnMut(StreamKey, StreamEntry)) {
        for (key, entry) in &self.streams {
            visit(*key, *entry);
        }
    }

    /// The bytes of the index file, see [`super::layout`].
    pub(crate) fn encode(&self, identity: &Identity) -> Vec<u8> {
        let mut streams: Vec<_> = self.streams.iter().collect();
        streams.sort_unstable_by_key(|(key, _)| **key);
        let mut bytes = self.head().encode(identity);
        for batch in &self.batches {
            bytes.extend_from_slice(&batch.encode());
        }
        let mut start = 0;
        for (key, entry) in &streams {
            bytes.extend_from_slice(&entry.encode(**key, start));
            start += entry.count;
        }
        for (_, entry) in &streams {
            extend(&mut bytes, &self.chain(entry, entry.count));
        }
        for places in self.categories.values() {
            extend(&mut bytes, places);
        }
        for (name, places) in &self.categories {
            extend(&mut bytes, &[narrow(name.len()), narrow(places.len())]);
            bytes.extend_from_slice(name.as_bytes());
        }
        layout::stamp(&mut bytes);
        bytes
    }

    fn head(&self) -> Head {
        Head {
            end: self.end,
            max_time_us: self.max_time_us(),
            batches: narrow(self.batches.len()),
            streams: narrow(self.streams.len()),
            events: narrow(self.before.len()),
            categories: narrow(self.categories.len()),
        }
    }

    /// The places of the last events of a stream, in order, at most `limit` of them.
    fn chain(&self, entry: &StreamEntry, limit: u32) -> Vec<u32> {
        let wanted = entry.count.min(limit) as usize;
        let mut places = Vec::with_capacity(wanted);
        let mut next = Some(entry.last);
        while let Some(place) = next.filter(|_| places.len() < wanted) {
            places.push(place);
            next = self.before.get(place as usize).and_then(|before| before.checked_sub(1));
        }
        places.reverse();
        places
    }

    fn span(&self, index: usize) -> Option<Span> {
        let batch = self.batches.get(index)?;
        let end = self.batches.get(index + 1).map_or(self.end, |next| next.offset.into());
        Some(Span { offset: batch.offset.into(), end })
    }
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).expect("a segment holds fewer than 2^32 of anything")
}

fn extend(bytes: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
}

/// A [`StreamKey`] is a hash already.
#[derive(Debug, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}
