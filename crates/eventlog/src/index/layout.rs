//! The bytes of an index file, format 1.
//!
//! ```text
//! head        magic 8 · format 4 · crc 4 · salt 16 · segment 8 · first position 8 · the segment's hash 32 · its end 8
//!             · highest time 8 · batches 4 · streams 4 · events 4 · categories 4 · 0 16
//! batches     first 4 · offset 4 · highest time 8, in order
//! streams     key 16 · last version 8 · last 4 · count 4 · start 4, by key; start counts into the next part
//! by stream   positions 4, stream by stream
//! by category positions 4, category by category
//! categories  name length 4 · count 4 · name, by name
//! ```
//!
//! The file is disposable: it is checked completely when the log is opened, and rebuilt from the segment if the check fails.

use super::{BatchEntry, Identity, StreamEntry};
use crate::format::Fields;
use crate::hash::{Hash, StreamKey};

const MAGIC: [u8; 8] = *b"eventidx";
const FORMAT: u32 = 1;
/// The checksum covers everything behind itself.
pub(super) const CHECKED_FROM: usize = 16;
pub(super) const HEAD_LEN: usize = 128;
pub(super) const BATCH_LEN: usize = 16;
const BATCH_BYTES: u64 = BATCH_LEN as u64;
pub(super) const STREAM_LEN: usize = 36;
pub(super) const STREAM_BYTES: u64 = STREAM_LEN as u64;

/// What an index file begins with: how many entries its parts have, and so where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Where the segment's content ends.
    pub(super) end: u64,
    pub(super) max_time_us: i64,
    pub(super) batches: u32,
    pub(super) streams: u32,
    pub(super) events: u32,
    pub(super) categories: u32,
}

impl Head {
    /// [`stamp`] adds the checksum when the rest is behind it.
    pub(super) fn encode(&self, identity: &Identity) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&identity.salt);
        bytes.extend_from_slice(&identity.number.to_le_bytes());
        bytes.extend_from_slice(&identity.first_position.to_le_bytes());
        bytes.extend_from_slice(identity.hash.as_bytes());
        bytes.extend_from_slice(&self.end.to_le_bytes());
        bytes.extend_from_slice(&self.max_time_us.to_le_bytes());
        for count in [self.batches, self.streams, self.events, self.categories] {
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        bytes.resize(HEAD_LEN, 0);
        bytes
    }

    /// The head and the file's checksum, if it is the index of that very segment.
    pub(super) fn decode(bytes: &[u8], identity: &Identity) -> Option<(Self, u32)> {
        let mut fields = Fields(bytes);
        let known = fields.array() == Some(MAGIC) && fields.u32()? == FORMAT;
        let crc = fields.u32()?;
        let found = Identity {
            salt: fields.array()?,
            number: fields.u64()?,
            first_position: fields.u64()?,
            hash: Hash::from_bytes(fields.array()?),
        };
        let head = Self {
            end: fields.u64()?,
            max_time_us: fields.i64()?,
            batches: fields.u32()?,
            streams: fields.u32()?,
            events: fields.u32()?,
            categories: fields.u32()?,
        };
        (known && found == *identity).then_some((head, crc))
    }

    pub(super) fn batch_at(index: u32) -> u64 {
        HEAD_LEN as u64 + BATCH_BYTES * u64::from(index)
    }

    pub(super) fn stream_at(&self, index: u32) -> u64 {
        Self::batch_at(self.batches) + STREAM_BYTES * u64::from(index)
    }

    pub(super) fn by_stream_at(&self, start: u64) -> u64 {
        self.stream_at(self.streams) + 4 * start
    }

    pub(super) fn by_category_at(&self, start: u64) -> u64 {
        self.by_stream_at(self.events.into()) + 4 * start
    }

    pub(super) fn categories_at(&self) -> u64 {
        self.by_category_at(self.events.into())
    }
}

pub(super) fn stamp(bytes: &mut [u8]) {
    let (head, checked) = bytes.split_at_mut(CHECKED_FROM);
    let crc = crc32c::crc32c(checked).to_le_bytes();
    head.last_chunk_mut()
        .map(|last: &mut [u8; 4]| *last = crc)
        .expect("the head is longer than a checksum");
}

impl BatchEntry {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.first.to_le_bytes()[..], &self.offset.to_le_bytes(), &self.max_time_us.to_le_bytes()]
            .concat()
    }
}

impl StreamEntry {
    pub(super) fn encode(&self, StreamKey(key): StreamKey, start: u32) -> Vec<u8> {
        let (last, count, start) =
            (self.last.to_le_bytes(), self.count.to_le_bytes(), start.to_le_bytes());
        [&key.to_le_bytes()[..], &self.last_version.to_le_bytes(), &last, &count, &start].concat()
    }
}

pub(super) fn decode_batch(bytes: &[u8]) -> Option<BatchEntry> {
    let mut fields = Fields(bytes);
    Some(BatchEntry { first: fields.u32()?, offset: fields.u32()?, max_time_us: fields.i64()? })
}

pub(super) fn decode_stream(bytes: &[u8]) -> Option<(StreamKey, StreamEntry)> {
    let mut fields = Fields(bytes);
    let key = StreamKey(fields.array().map(u128::from_le_bytes)?);
    let (last_version, last) = (fields.u64()?, fields.u32()?);
    Some((key, StreamEntry { last_version, last, count: fields.u32()?, start: fields.u32()? }))
}
