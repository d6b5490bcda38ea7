//! The index of a sealed segment, searched where it lies: in the file beside the segment.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::layout::{
    BATCH_BYTES, CHECKED_FROM, HEAD_LEN, Head, STREAM_BYTES, STREAM_LEN, decode_batch,
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

    /// The last batch that satisfies a condition which the first ones satisfy and the others do not.
    pub(super) fn batch_where(
        &self,
        holds: impl Fn(&BatchEntry) -> bool,
    ) -> io::Result<Option<Span>> {
        let after = partition(self.head.batches, |index| {
            Ok(self.batch(index)?.is_some_and(|batch| holds(&batch)))
        })?;
        after.checked_sub(1).map_or(Ok(None), |index| self.span(index))
    }

    /// The first batch after those that satisfy a condition.
    pub(super) fn batch_after(
        &self,
        holds: impl Fn(&BatchEntry) -> bool,
    ) -> io::Result<Option<Span>> {
        let after = partition(self.head.batches, |index| {
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
        self.positions(self.head.by_stream_at(u64::from(start) + skipped), left.min(limit))
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
        let at = |index: u32| self.head.by_category_at(start + u64::from(index));
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let skipped = partition(count, |index| {
            let place = self.positions(at(index), 1)?;
            Ok(place.first().is_some_and(|&place| place < from))
        })?;
        let left = usize::try_from(count - skipped).unwrap_or(usize::MAX);
        self.positions(at(skipped), left.min(limit))
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
        let per_step =
            u32::try_from(STEP_BYTES as u64 / STREAM_BYTES).expect("a step has few entries");
        let mut index = 0;
        while index < self.head.streams {
            let count = per_step.min(self.head.streams - index);
            let bytes =
                self.bytes(self.head.stream_at(index), STREAM_BYTES * u64::from(count + 1))?;
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
        let index = partition(self.head.streams, |index| {
            Ok(self.stream_entry(index)?.is_some_and(|(other, ..)| other < key))
        })?;
        if index == self.head.streams {
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
        next.filter(|_| index < self.head.streams).map_or(self.head.events, |(.., start)| start)
    }

    fn stream_entry(&self, index: u32) -> io::Result<Option<(StreamKey, StreamEntry, u32)>> {
        Ok(decode_stream(&self.bytes(self.head.stream_at(index), STREAM_BYTES)?))
    }

    fn batch(&self, index: u32) -> io::Result<Option<BatchEntry>> {
        if index >= self.head.batches {
            return Ok(None);
        }
        Ok(decode_batch(&self.bytes(Head::batch_at(index), BATCH_BYTES)?))
    }

    fn span(&self, index: u32) -> io::Result<Option<Span>> {
        let Some(batch) = self.batch(index)? else { return Ok(None) };
        let end = self.batch(index + 1)?.map_or(self.head.end, |next| next.offset.into());
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
