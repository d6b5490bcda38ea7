//! The index of a sealed segment: a checksummed file beside it that is searched where it lies.
//!
//! ```text
//! head        magic 8 · format 4 · crc 4 · salt 16 · segment 8 · first position 8 · the segment's hash 32 · its end 8
//!             · highest time 8 · batches 4 · streams 4 · events 4 · categories 4 · 0 16
//! batches     first 4 · offset 4 · highest time 8, in order
//! streams     key 16 · last version 8 · last 4 · start 4, by key; start counts into the next part
//! by stream   positions 4, stream by stream
//! by category positions 4, category by category
//! categories  name length 4 · count 4 · name, by name
//! ```
//!
//! The file is disposable: it is checked whole when the log is opened, and made anew from the segment where it fails.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::{BatchEntry, Identity, Span, StreamEntry};
use crate::files::{File, read_full};
use crate::format::Fields;
use crate::hash::{Hash, StreamKey};

const MAGIC: [u8; 8] = *b"eventidx";
const FORMAT: u32 = 1;
const CHECKED_FROM: usize = 16;
const HEAD_LEN: usize = 128;
const HEAD_BYTES: u64 = HEAD_LEN as u64;
const BATCH_BYTES: u64 = 16;
const STREAM_LEN: usize = 32;
const STREAM_BYTES: u64 = STREAM_LEN as u64;
/// Read at once while going through all of a part.
const STEP_BYTES: usize = 1 << 18;

/// How many entries the parts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) batches: u32,
    pub(crate) streams: u32,
    pub(crate) events: u32,
    pub(crate) categories: u32,
}

/// An index file that was found good.
pub(crate) struct Disk {
    file: Arc<dyn File>,
    length: u64,
    counts: Counts,
    /// Where the segment's content ends.
    end: u64,
    max_time_us: i64,
}

impl Disk {
    /// Takes the file if it is whole and the index of that very segment.
    pub(crate) fn check(file: Arc<dyn File>, identity: &Identity) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD_LEN];
        if read_full(&*file, 0, &mut head)? < head.len() {
            return Ok(None);
        }
        let Some((crc, disk)) = decode_head(&head, identity, file) else { return Ok(None) };
        let Some(disk) = disk.with_length()? else { return Ok(None) };
        Ok((disk.checksum()? == crc).then_some(disk))
    }

    /// Whether a file has exactly these bytes.
    pub(crate) fn is_same(file: &dyn File, bytes: &[u8]) -> io::Result<bool> {
        let mut stored = vec![0; bytes.len()];
        let length = file.length()?;
        Ok(length == bytes.len() as u64
            && read_full(file, 0, &mut stored)? == bytes.len()
            && stored == bytes)
    }

    /// Where the segment's content ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn events(&self) -> u32 {
        self.counts.events
    }

    pub(super) fn max_time_us(&self) -> i64 {
        self.max_time_us
    }

    /// The last batch that satisfies a condition which the first ones satisfy and the others do not.
    pub(super) fn batch_where(
        &self,
        holds: impl Fn(&BatchEntry) -> bool,
    ) -> io::Result<Option<Span>> {
        let after = partition(self.counts.batches, |index| {
            Ok(self.batch(index)?.is_some_and(|batch| holds(&batch)))
        })?;
        after.checked_sub(1).map_or(Ok(None), |index| self.span(index))
    }

    /// The first batch after those that satisfy a condition.
    pub(super) fn batch_after(
        &self,
        holds: impl Fn(&BatchEntry) -> bool,
    ) -> io::Result<Option<Span>> {
        let after = partition(self.counts.batches, |index| {
            Ok(self.batch(index)?.is_some_and(|batch| holds(&batch)))
        })?;
        self.span(after)
    }

    pub(super) fn stream(&self, key: StreamKey) -> io::Result<Option<StreamEntry>> {
        Ok(self.find_stream(key)?.map(|(entry, _)| entry))
    }

    pub(super) fn stream_positions(
        &self,
        key: StreamKey,
        from_version: u64,
        limit: usize,
    ) -> io::Result<Vec<u32>> {
        let Some((entry, start)) = self.find_stream(key)? else { return Ok(Vec::new()) };
        let skipped = from_version.saturating_sub(entry.first_version()).min(entry.count.into());
        let left = usize::try_from(u64::from(entry.count) - skipped).unwrap_or(usize::MAX);
        self.positions(self.by_stream_at() + 4 * (u64::from(start) + skipped), left.min(limit))
    }

    pub(super) fn category_positions(
        &self,
        category: &str,
        from: u32,
        limit: usize,
    ) -> io::Result<Vec<u32>> {
        let mut found = None;
        let mut start = 0;
        self.each_category(&mut |name, count| {
            if name == category {
                found = Some((start, count));
            }
            start += count;
        })?;
        let Some((start, count)) = found else { return Ok(Vec::new()) };
        let base = self.by_category_at() + 4 * start;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let skipped = partition(count, |index| {
            let place = self.positions(base + 4 * u64::from(index), 1)?;
            Ok(place.first().is_some_and(|&place| place < from))
        })?;
        let left = usize::try_from(count - skipped).unwrap_or(usize::MAX);
        self.positions(base + 4 * u64::from(skipped), left.min(limit))
    }

    pub(super) fn each_category(&self, visit: &mut dyn FnMut(&str, u64)) -> io::Result<()> {
        let bytes = self.bytes(self.categories_at(), self.length - self.categories_at())?;
        let mut fields = Fields(&bytes);
        for _ in 0..self.counts.categories {
            let category = fields
                .u32()
                .zip(fields.u32())
                .and_then(|(length, count)| Some((fields.text(length)?, count)));
            let (name, count) = category.ok_or_else(inconsistent)?;
            visit(name, count.into());
        }
        Ok(())
    }

    /// Goes through all streams, by key.
    pub(super) fn each_stream(
        &self,
        visit: &mut dyn FnMut(StreamKey, StreamEntry),
    ) -> io::Result<()> {
        let per_step =
            u32::try_from(STEP_BYTES as u64 / STREAM_BYTES).expect("a step has few entries");
        let mut index = 0;
        while index < self.counts.streams {
            let count = per_step.min(self.counts.streams - index);
            let bytes = self.bytes(self.stream_at(index), STREAM_BYTES * u64::from(count + 1))?;
            let mut entries = bytes.chunks_exact(STREAM_LEN);
            let mut current = entries.next().and_then(decode_stream);
            for next in entries.take(count as usize) {
                index += 1;
                let next = decode_stream(next);
                let end = self.stream_end(index, next);
                let (key, entry, start) = current.ok_or_else(inconsistent)?;
                visit(key, StreamEntry { count: end.saturating_sub(start), ..entry });
                current = next;
            }
        }
        Ok(())
    }

    fn find_stream(&self, key: StreamKey) -> io::Result<Option<(StreamEntry, u32)>> {
        let index = partition(self.counts.streams, |index| {
            Ok(self.stream_entry(index)?.is_some_and(|(other, ..)| other < key))
        })?;
        if index == self.counts.streams {
            return Ok(None);
        }
        let Some((_, entry, start)) = self.stream_entry(index)?.filter(|(other, ..)| *other == key)
        else {
            return Ok(None);
        };
        let end = self.stream_end(index + 1, self.stream_entry(index + 1)?);
        Ok(Some((StreamEntry { count: end.saturating_sub(start), ..entry }, start)))
    }

    /// Where the positions of the stream before `index` end: where those of `next`, the stream there, begin.
    fn stream_end(&self, index: u32, next: Option<(StreamKey, StreamEntry, u32)>) -> u32 {
        next.filter(|_| index < self.counts.streams).map_or(self.counts.events, |(.., start)| start)
    }

    fn stream_entry(&self, index: u32) -> io::Result<Option<(StreamKey, StreamEntry, u32)>> {
        Ok(decode_stream(&self.bytes(self.stream_at(index), STREAM_BYTES)?))
    }

    fn batch(&self, index: u32) -> io::Result<Option<BatchEntry>> {
        if index >= self.counts.batches {
            return Ok(None);
        }
        Ok(decode_batch(&self.bytes(HEAD_BYTES + BATCH_BYTES * u64::from(index), BATCH_BYTES)?))
    }

    fn span(&self, index: u32) -> io::Result<Option<Span>> {
        let Some(batch) = self.batch(index)? else { return Ok(None) };
        let end = self.batch(index + 1)?.map_or(self.end, |next| next.offset.into());
        Ok(Some(Span { offset: batch.offset.into(), end }))
    }

    fn positions(&self, at: u64, count: usize) -> io::Result<Vec<u32>> {
        let bytes = self.bytes(at, 4 * count as u64)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|place| u32::from_le_bytes(*place)).collect())
    }

    /// With zeros for what lies behind the end.
    fn bytes(&self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).expect("an index is smaller than memory")];
        read_full(&*self.file, at, &mut bytes)?;
        Ok(bytes)
    }

    fn stream_at(&self, index: u32) -> u64 {
        HEAD_BYTES + BATCH_BYTES * u64::from(self.counts.batches) + STREAM_BYTES * u64::from(index)
    }

    fn by_stream_at(&self) -> u64 {
        self.stream_at(self.counts.streams)
    }

    fn by_category_at(&self) -> u64 {
        self.by_stream_at() + 4 * u64::from(self.counts.events)
    }

    fn categories_at(&self) -> u64 {
        self.by_category_at() + 4 * u64::from(self.counts.events)
    }

    fn with_length(mut self) -> io::Result<Option<Self>> {
        self.length = self.file.length()?;
        Ok((self.length >= self.categories_at()).then_some(self))
    }

    fn checksum(&self) -> io::Result<u32> {
        let mut buffer = vec![0; STEP_BYTES];
        let (mut crc, mut offset) = (0, CHECKED_FROM as u64);
        loop {
            let read = read_full(&*self.file, offset, &mut buffer)?;
            crc = crc32c::crc32c_append(crc, buffer.get(..read).unwrap_or_default());
            offset += read as u64;
            if read < buffer.len() {
                return Ok(crc);
            }
        }
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// The head of an index file; [`stamp`] adds the checksum when the rest stands behind it.
pub(super) fn encode_head(
    identity: &Identity,
    counts: &Counts,
    end: u64,
    max_time_us: i64,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&identity.salt);
    bytes.extend_from_slice(&identity.number.to_le_bytes());
    bytes.extend_from_slice(&identity.first_position.to_le_bytes());
    bytes.extend_from_slice(identity.hash.as_bytes());
    bytes.extend_from_slice(&end.to_le_bytes());
    bytes.extend_from_slice(&max_time_us.to_le_bytes());
    for count in [counts.batches, counts.streams, counts.events, counts.categories] {
        bytes.extend_from_slice(&count.to_le_bytes());
    }
    bytes.resize(HEAD_LEN, 0);
    bytes
}

pub(super) fn stamp(bytes: &mut [u8]) {
    let (head, checked) = bytes.split_at_mut(CHECKED_FROM);
    let crc = crc32c::crc32c(checked).to_le_bytes();
    head.last_chunk_mut()
        .map(|last: &mut [u8; 4]| *last = crc)
        .expect("the head is longer than a checksum");
}

fn decode_head(head: &[u8], identity: &Identity, file: Arc<dyn File>) -> Option<(u32, Disk)> {
    let mut fields = Fields(head);
    let known = fields.array() == Some(MAGIC) && fields.u32()? == FORMAT;
    let crc = fields.u32()?;
    let found = Identity {
        salt: fields.array()?,
        number: fields.u64()?,
        first_position: fields.u64()?,
        hash: Hash::from_bytes(fields.array()?),
    };
    let (end, max_time_us) = (fields.u64()?, fields.i64()?);
    let (batches, streams, events, categories) =
        (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
    let counts = Counts { batches, streams, events, categories };
    (known && found == *identity)
        .then_some((crc, Disk { file, length: 0, counts, end, max_time_us }))
}

impl BatchEntry {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.first.to_le_bytes()[..], &self.offset.to_le_bytes(), &self.max_time_us.to_le_bytes()]
            .concat()
    }
}

impl StreamEntry {
    pub(super) fn encode(&self, StreamKey(key): StreamKey, start: u32) -> Vec<u8> {
        let (last, start) = (self.last.to_le_bytes(), start.to_le_bytes());
        [&key.to_le_bytes()[..], &self.last_version.to_le_bytes(), &last, &start].concat()
    }
}

fn decode_batch(bytes: &[u8]) -> Option<BatchEntry> {
    let mut fields = Fields(bytes);
    Some(BatchEntry { first: fields.u32()?, offset: fields.u32()?, max_time_us: fields.i64()? })
}

/// A stream's entry but for its count, and where its positions start.
fn decode_stream(bytes: &[u8]) -> Option<(StreamKey, StreamEntry, u32)> {
    let mut fields = Fields(bytes);
    let key = StreamKey(fields.array().map(u128::from_le_bytes)?);
    let entry = StreamEntry { last_version: fields.u64()?, last: fields.u32()?, count: 0 };
    Some((key, entry, fields.u32()?))
}

/// How many of the first entries satisfy a condition that none after them does.
fn partition(count: u32, holds: impl Fn(u32) -> io::Result<bool>) -> io::Result<u32> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn inconsistent() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an index file changed after it was checked")
}
