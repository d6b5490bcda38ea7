//! One segment file: its name, its creation, and what readers and the writer share of it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::files::{self, Access, File, Files};
use crate::format::{BATCH_HEAD_BYTES, Batch, Header, Seal};
use crate::index::{Index, Span};

/// Damage: bytes on disk that are not what was written, where no crash can have done it. The log refuses to open, or to
/// read there, and never skips over it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "segment {segment} is damaged at position {position}, byte {offset}: {what}; restore a backup"
)]
pub struct Damage {
    /// The segment's number; its file is named after it.
    pub segment: u64,
    /// The first position that cannot be read.
    pub position: u64,
    /// Where in the file.
    pub offset: u64,
    /// What is wrong there.
    pub what: &'static str,
}

/// A file whose batches can be checked.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) number: u64,
    pub(crate) file: Arc<dyn File>,
    pub(crate) seal: Seal,
}

/// A segment of an open log.
pub(crate) struct Segment {
    pub(crate) header: Header,
    pub(crate) source: Source,
    /// The end of the durable part. Only the writer reads beyond it.
    end: AtomicU64,
    index: RwLock<Index>,
}

impl Segment {
    pub(crate) fn new(header: Header, file: Arc<dyn File>, end: u64, index: Index) -> Self {
        let source = Source { number: header.number, file, seal: Seal::of(&header) };
        Self { header, source, end: AtomicU64::new(end), index: RwLock::new(index) }
    }

    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Shows a batch to readers, now that it is durable.
    pub(crate) fn publish(&self, end: u64, update: impl FnOnce(&mut Index)) {
        let mut index = self.index_mut();
        update(&mut index);
        self.end.store(end, Ordering::Release);
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn damage(&self, position: u64, offset: u64, what: &'static str) -> Damage {
        Damage { segment: self.header.number, position, offset, what }
    }

    /// A position relative to the segment's first; those too far away become the farthest.
    pub(crate) fn relative(&self, position: u64) -> u32 {
        u32::try_from(position.saturating_sub(self.header.first_position)).unwrap_or(u32::MAX)
    }
}

/// Reads batches, one after the other from few large reads, or here and there.
#[derive(Default)]
pub(crate) struct BatchReader {
    buffer: Vec<u8>,
    number: u64,
    start: u64,
    filled: usize,
}

/// Read ahead while going through all batches in order: small enough for a cache, large enough to make calls rare.
pub(crate) const READ_AHEAD: usize = 1 << 18;

impl BatchReader {
    /// The batch at `offset`, if a valid one is there and ends by `end`. Reads `ahead` bytes when it must read.
    pub(crate) fn batch(
        &mut self,
        source: &Source,
        offset: u64,
        end: u64,
        ahead: usize,
    ) -> io::Result<Option<Batch<'_>>> {
        // Once to see how long it is, and once more if it is longer than what was read.
        for _ in 0..2 {
            let held = self.held(source, offset);
            let needed = Batch::claimed_length(held).unwrap_or(BATCH_HEAD_BYTES);
            if held.len() >= needed {
                break;
            }
            self.fill(source, offset, end, ahead.max(needed))?;
        }
        let held = self.held(source, offset);
        let visible = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let bytes = held.get(..visible.min(held.len())).unwrap_or_default();
        Ok(Batch::decode(bytes, source.seal, offset))
    }

    fn held(&self, source: &Source, offset: u64) -> &[u8] {
        let skipped = offset.checked_sub(self.start).filter(|_| self.number == source.number);
        let skipped = skipped.and_then(|skipped| usize::try_from(skipped).ok());
        skipped.and_then(|skipped| self.buffer.get(skipped..self.filled)).unwrap_or_default()
    }

    fn fill(&mut self, source: &Source, offset: u64, end: u64, wanted: usize) -> io::Result<()> {
        let wanted = wanted.min(usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX));
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        (self.number, self.start, self.filled) = (source.number, offset, 0);
        let into = self.buffer.get_mut(..wanted).unwrap_or_default();
        self.filled = files::read_full(&*source.file, offset, into)?;
        Ok(())
    }
}

/// The batch at a span that an index named.
pub(crate) fn read_span<'r>(
    reader: &'r mut BatchReader,
    source: &Source,
    span: Span,
) -> io::Result<Option<Batch<'r>>> {
    reader.batch(
        source,
        span.offset,
        span.end,
        usize::try_from(span.end - span.offset).unwrap_or(READ_AHEAD),
    )
}

/// Creates a segment file, so that it is there whole or not at all: written aside and synced, then given its name.
pub(crate) fn create(files: &dyn Files, dir: &Path, header: &Header) -> io::Result<Arc<dyn File>> {
    let aside = dir.join(format!("{}.tmp", file_name(header.number)));
    let made = write_new(files, &aside, header);
    if made.is_err() {
        // Best effort: a leftover is emptied by the next attempt and removed by the next opening.
        _ = files.remove(&aside);
    }
    made
}

/// The second half of [`create`]: from here on the segment is part of the log.
pub(crate) fn put_in_place(files: &dyn Files, dir: &Path, number: u64) -> io::Result<()> {
    let name = file_name(number);
    files.rename(&dir.join(format!("{name}.tmp")), &dir.join(name))?;
    files.sync_dir(dir)
}

fn write_new(files: &dyn Files, path: &Path, header: &Header) -> io::Result<Arc<dyn File>> {
    let file = files.create(path)?;
    file.set_length(header.length)?;
    files::write_all(&*file, 0, &header.encode())?;
    file.sync_all()?;
    Ok(file)
}

pub(crate) fn open(
    files: &dyn Files,
    dir: &Path,
    number: u64,
    access: Access,
) -> io::Result<Arc<dyn File>> {
    files.open(&dir.join(file_name(number)), access)
}

pub(crate) fn file_name(number: u64) -> String {
    format!("{number:010}.segment")
}

pub(crate) fn index_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.index"))
}

/// Whether a file of ours was being written when something happened.
pub(crate) fn is_unfinished(name: &str) -> bool {
    let finished = name.strip_suffix(".tmp").unwrap_or_default();
    number_in(finished, ".segment").or(number_in(finished, ".index")).is_some()
}

/// The number in a file's name, if it ends that way.
pub(crate) fn number_in(name: &str, ending: &str) -> Option<u64> {
    let digits = name.strip_suffix(ending)?;
    (digits.len() == 10).then(|| digits.parse().ok()).flatten()
}
