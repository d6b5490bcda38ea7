//! The index of a sealed segment, searched on disk: in the file beside the segment.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::layout::{
    BATCH_LEN, CHECKED_FROM, HEAD_LEN, Head, STREAM_BYTES, STREAM_LEN, decode_batch, decode_stream,
};
use super::table::{Page, Table, Wanted};
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

    /// The last batch that begins at or before a position. A page kept from one position to the next spares reads.
    pub(super) fn batch_of(&self, position: u32, page: &mut Page) -> io::Result<Option<Span>> {
        let batches = self.batches();
        let after = batches.partition(
            &*self.file,
            page,
            &Wanted {
                holds: |bytes: &[u8]| decode_batch(bytes).is_some_and(|it| it.first <= position),
                value: |bytes: &[u8]| decode_batch(bytes).map_or(0, |batch| batch.first.into()),
                near: position.into(),
                within: 0..self.head.events.into(),
            },
        )?;
        after.checked_sub(1).map_or(Ok(None), |index| self.span(index, page))
    }

    /// The first batch with an event at or after a time.
    pub(super) fn batch_since(&self, time_us: i64) -> io::Result<Option<Span>> {
        let mut page = Page::default();
        let time = |bytes: &[u8]| decode_batch(bytes).map_or(i64::MIN, |batch| batch.max_time_us);
        let index = self.batches().partition(
            &*self.file,
            &mut page,
            &Wanted {
                holds: |bytes: &[u8]| time(bytes) < time_us,
                value: |bytes: &[u8]| ascending(time(bytes)),
                near: ascending(time_us),
                within: 0..ascending(self.head.max_time_us),
            },
        )?;
        self.span(index, &page)
    }

    pub(super) fn stream(&self, key: StreamKey) -> io::Result<Option<StreamEntry>> {
        let count = self.head.streams;
        let streams = Table { at: self.head.stream_at(0), entry_bytes: STREAM_LEN, count };
        let first_bits = |StreamKey(key): StreamKey| {
            u64::try_from(key >> 64).expect("half of the bits are left")
        };
        let mut page = Page::default();
        let index = streams.partition(
            &*self.file,
            &mut page,
            &Wanted {
                holds: |bytes: &[u8]| decode_stream(bytes).is_some_and(|(other, _)| other < key),
                value: |bytes: &[u8]| decode_stream(bytes).map_or(0, |(key, _)| first_bits(key)),
                near: first_bits(key),
                within: 0..u64::MAX,
            },
        )?;
        if index == count {
            return Ok(None);
        }
        let found = decode_stream(&streams.entry(&*self.file, &page, index)?);
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
        let place = |bytes: &[u8]| Fields(bytes).u32().unwrap_or(u32::MAX);
        let skipped = table.partition(
            &*self.file,
            &mut Page::default(),
            &Wanted {
                holds: |bytes: &[u8]| place(bytes) < from,
                value: |bytes: &[u8]| place(bytes).into(),
                near: from.into(),
                within: 0..self.head.events.into(),
            },
        )?;
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

    fn batches(&self) -> Table {
        Table { at: Head::batch_at(0), entry_bytes: BATCH_LEN, count: self.head.batches }
    }

    fn span(&self, index: u32, page: &Page) -> io::Result<Option<Span>> {
        let batches = self.batches();
        let batch = |index| -> io::Result<Option<BatchEntry>> {
            if index >= batches.count {
                return Ok(None);
            }
            Ok(decode_batch(&batches.entry(&*self.file, page, index)?))
        };
        let (Some(found), next) = (batch(index)?, batch(index + 1)?) else { return Ok(None) };
        let end = next.map_or(self.head.end, |next| next.offset.into());
        Ok(Some(Span { offset: found.offset.into(), end }))
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

/// A number that grows with the time and is never negative.
fn ascending(time_us: i64) -> u64 {
    time_us.cast_unsigned() ^ (1 << 63)
}

fn inconsistent() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an index file changed after it was checked")
}
