//! The index of a sealed segment, searched on disk: in the file beside the segment.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::layout::{
    BATCH_BYTES, BATCH_LEN, CHECKED_FROM, HEAD_LEN, Head, STREAM_BYTES, STREAM_LEN, decode_batch,
    decode_stream,
};
use super::{BatchEntry, Identity, Span, StreamEntry};
use crate::files::{File, read_full};
use crate::format::Fields;
use crate::hash::StreamKey;

/// Read at once while going through all of a part.
const STEP_BYTES: usize = 1 << 18;

/// An index file that was found good.
pub(crate) struct Disk {
    file: Arc<dyn File>,
    length: u64,
    head: Head,
}

impl Disk {
    /// Takes the file if it is whole and the index of that very segment.
    pub(crate) fn check(file: Arc<dyn File>, identity: &Identity) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD_LEN];
        if read_full(&*file, 0, &mut head)? < head.len() {
            return Ok(None);
        }
        let Some((head, crc)) = Head::decode(&head, identity) else { return Ok(None) };
        let disk = Self { length: file.length()?, file, head };
        Ok((disk.length >= head.categories_at() && disk.checksum()? == crc).then_some(disk))
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
    pub(super) fn end(&self) -> u64 {
        self.head.end
    }

    pub(crate) fn events(&self) -> u32 {
        self.head.events
    }

    pub(super) fn max_time_us(&self) -> i64 {
        self.head.max_time_us
    }

    /// The last batch that begins at or before a position.
    pub(super) fn batch_of(&self, position: u32) -> io::Result<Option<Span>> {
        let after = self.batches_while(|batch| batch.first <= position)?;
        after.checked_sub(1).map_or(Ok(None), |index| self.span(index))
    }

    /// The first batch with an event at or after a time.
    pub(super) fn batch_since(&self, time_us: i64) -> io::Result<Option<Span>> {
        self.span(self.batches_while(|batch| batch.max_time_us < time_us)?)
    }

    pub(super) fn stream(&self, key: StreamKey) -> io::Result<Option<StreamEntry>> {
        let table = Table {
            at: self.head.stream_at(0),
            entry_bytes: STREAM_BYTES,
            count: self.head.streams,
        };
        let index = self.partition(table, near(key, table.count), |bytes| {
            decode_stream(bytes).is_some_and(|(other, _)| other < key)
        })?;
        if index == table.count {
            return Ok(None);
        }
        let found = decode_stream(&self.bytes(self.head.stream_at(index), STREAM_BYTES)?);
        Ok(found.filter(|(other, _)| *other == key).map(|(_, entry)| entry))
    }

    pub(super) fn stream_positions(
        &self,
        entry: &StreamEntry,
        from_version: u64,
        limit: usize,
    ) -> io::Result<Vec<u32>> {
        let skipped = from_version.saturating_sub(entry.first_version()).min(entry.count.into());
        let left = usize::try_from(u64::from(entry.count) - skipped).unwrap_or(usize::MAX);
        self.positions(self.head.by_stream_at(u64::from(entry.start) + skipped), left.min(limit))
    }

    pub(super) fn category_positions(
        &self,
        category: &str,
        from: u32,
        limit: usize,
    ) -> io::Result<Vec<u32>> {
        let (mut found, mut start) = (None, 0);
        self.each_category(&mut |name, count| {
            if name == category {
                found = Some((start, count));
            }
            start += count;
        })?;
        let Some((start, count)) = found else { return Ok(Vec::new()) };
        let at = self.head.by_category_at(start);
        let table = Table { at, entry_bytes: 4, count: u32::try_from(count).unwrap_or(u32::MAX) };
        let skipped = self.partition(table, 0..0, |bytes| {
            Fields(bytes).u32().is_some_and(|place| place < from)
        })?;
        let left = usize::try_from(table.count - skipped).unwrap_or(usize::MAX);
        self.positions(at + 4 * u64::from(skipped), left.min(limit))
    }

    pub(super) fn each_category(&self, visit: &mut dyn FnMut(&str, u64)) -> io::Result<()> {
        let bytes =
            self.bytes(self.head.categories_at(), self.length - self.head.categories_at())?;
        let mut fields = Fields(&bytes);
        for _ in 0..self.head.categories {
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
        let per_step = u32::try_from(STEP_BYTES / STREAM_LEN).expect("a step has few entries");
        let mut index = 0;
        while index < self.head.streams {
            let count = per_step.min(self.head.streams - index);
            let bytes = self.bytes(self.head.stream_at(index), STREAM_BYTES * u64::from(count))?;
            for entry in bytes.chunks_exact(STREAM_LEN) {
                let (key, entry) = decode_stream(entry).ok_or_else(inconsistent)?;
                visit(key, entry);
            }
            index += count;
        }
        Ok(())
    }

    fn batches_while(&self, holds: impl Fn(&BatchEntry) -> bool) -> io::Result<u32> {
        let table =
            Table { at: Head::batch_at(0), entry_bytes: BATCH_BYTES, count: self.head.batches };
        self.partition(table, 0..0, |bytes| decode_batch(bytes).is_some_and(|batch| holds(&batch)))
    }

    fn span(&self, index: u32) -> io::Result<Option<Span>> {
        if index >= self.head.batches {
            return Ok(None);
        }
        let bytes = self.bytes(Head::batch_at(index), 2 * BATCH_BYTES)?;
        let mut batches = bytes.chunks_exact(BATCH_LEN).map(decode_batch);
        let (Some(Some(batch)), next) = (batches.next(), batches.next().flatten()) else {
            return Ok(None);
        };
        let next = next.filter(|_| index + 1 < self.head.batches);
        let end = next.map_or(self.head.end, |next| next.offset.into());
        Ok(Some(Span { offset: batch.offset.into(), end }))
    }

    /// How many of the first entries satisfy a condition that none after them does. The bounds of `guess`, where they lie
    /// within the table, are looked at first; the last few entries are read at once.
    fn partition(
        &self,
        table: Table,
        guess: Range<u32>,
        holds: impl Fn(&[u8]) -> bool,
    ) -> io::Result<u32> {
        const AT_ONCE: u64 = 2048;
        let at = |index: u32| table.at + table.entry_bytes * u64::from(index);
        let (mut low, mut high) = (0, table.count);
        let mut guesses = [guess.start, guess.end].into_iter();
        while u64::from(high - low) * table.entry_bytes > AT_ONCE {
            let middle = guesses.next().unwrap_or(low + (high - low) / 2);
            if middle < low || middle >= high {
                continue;
            }
            if holds(&self.bytes(at(middle), table.entry_bytes)?) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let rest = self.bytes(at(low), table.entry_bytes * u64::from(high - low))?;
        let entries =
            rest.chunks_exact(usize::try_from(table.entry_bytes).expect("entries are short"));
        Ok(low
            + u32::try_from(entries.take_while(|entry| holds(entry)).count())
                .expect("a table is counted in 32 bits"))
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

    fn checksum(&self) -> io::Result<u32> {
        let step = usize::try_from(self.length).unwrap_or(STEP_BYTES).min(STEP_BYTES);
        let mut buffer = vec![0; step];
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
        f.debug_struct("Disk").field("head", &self.head).finish_non_exhaustive()
    }
}

/// Entries of one size, in order.
#[derive(Clone, Copy)]
struct Table {
    at: u64,
    entry_bytes: u64,
    count: u32,
}

/// Where a key is among `count` others, most likely: keys are hashes, and so spread evenly.
fn near(StreamKey(key): StreamKey, count: u32) -> Range<u32> {
    let first_bits = u32::try_from(key >> 96).expect("32 bits are left");
    let expected = u32::try_from((u64::from(first_bits) * u64::from(count)) >> 32)
        .expect("it is below the count");
    let spread = count.isqrt();
    expected.saturating_sub(spread)..expected.saturating_add(spread)
}

fn inconsistent() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an index file changed after it was checked")
}
