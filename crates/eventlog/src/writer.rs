//! The single writer of a log: checks, writes, syncs, and only then makes a batch visible to readers.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::files::{self, Access, File, Lock};
use crate::format::{Batch, HEADER_BYTES, Header, MAX_BATCH_BYTES, NewRecord};
use crate::hash::{Hash, Mark, StreamKey};
use crate::index::{Index, KeyHasher, Memory, Span};
use crate::maintenance;
use crate::segment::{self, Segment};
use crate::shared::Shared;

/// Why an append recorded nothing that may be relied on.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A record is not its stream's next one. Nothing was recorded.
    #[error("the next version of stream {stream} is {next}, not {given}")]
    WrongVersion {
        /// The stream's name.
        stream: String,
        /// The next version of the stream.
        next: u64,
        /// The version that the record has.
        given: u64,
    },
    /// A name is empty or longer than 65,535 bytes. Nothing was recorded.
    #[error("stream names and event types have 1 to 65,535 bytes")]
    BadName,
    /// The records together take more than 256 MiB. Nothing was recorded.
    #[error("the batch is too large: {bytes} bytes (limit 256 MiB)")]
    TooLarge {
        /// What the records take.
        bytes: usize,
    },
    /// No space for the batch. Nothing was recorded, and writing continues when there is space again.
    #[error("the disk is full, nothing was recorded")]
    DiskFull(#[source] io::Error),
    /// The system refused before anything of the batch was written. Nothing was recorded, and writing continues when it refuses
    /// no longer.
    #[error("the log could not allocate space, nothing was recorded: {0}")]
    Refused(#[source] io::Error),
    /// Writing or syncing failed: whether the records will be there is known only after [`Writer::heal`] or reopening.
    #[error("the log can no longer write and must be repaired or reopened: {0}")]
    Failed(#[source] io::Error),
    /// An earlier append failed. Nothing was recorded.
    #[error(
        "the log refuses to write until it is repaired or reopened, because an earlier write failed"
    )]
    Poisoned,
}

/// Appends to a log. There is one per log. Dropping it and the [`crate::Maintenance`] releases the folder; readers
/// may live on, and see what there was.
pub struct Writer {
    shared: Arc<Shared>,
    _lock: Arc<Lock>,
    segment: Arc<Segment>,
    /// The active segment's file, as this writer has it open.
    file: Arc<dyn File>,
    segment_bytes: u64,
    /// Up to here the segment's zeros are written out, so that a batch finds its space taken and its sync short.
    zeroed: u64,
    /// Up to here the segment's space is taken.
    allocated: u64,
    /// The hash at the head, if it is not in this segment: nothing may be recorded here yet.
    sealed_hash: Option<Hash>,
    /// Of the segment's content.
    hasher: blake3::Hasher,
    poisoned: bool,
    /// The next segment may have its name already, so nothing more may be written to this one.
    must_roll: bool,
    /// What the last batch needs that found no room.
    refused_bytes: u64,
    batch: Vec<u8>,
    keys: Vec<StreamKey>,
    staged: HashMap<StreamKey, u64, BuildHasherDefault<KeyHasher>>,
}

/// Zeros are written this far ahead of the batches, as far as the segment goes.
const ZERO_AHEAD: u64 = 1 << 20;
/// To write a batch of this size twice would cost more than its sync gains by it: its space is allocated instead, without writing.
const LARGE: u64 = 128 << 10;
/// As far ahead is allocated.
const ALLOCATE_AHEAD: u64 = 16 << 20;

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        lock: Arc<Lock>,
        segment_bytes: u64,
        hasher: blake3::Hasher,
    ) -> Self {
        let segment = shared.segments().last().expect("a log has at least one segment").clone();
        Self {
            zeroed: segment.end(),
            allocated: segment.end(),
            sealed_hash: sealed_hash(&shared.segments()),
            file: Arc::clone(&segment.source.file),
            shared,
            _lock: lock,
            segment,
            segment_bytes,
            hasher,
            poisoned: false,
            must_roll: false,
            refused_bytes: 0,
            batch: Vec::new(),
            keys: Vec::new(),
            staged: HashMap::default(),
        }
    }

    /// Appends the records as one batch, all or none, and returns their positions once they are durable: one write, one
    /// sync. Several records of one stream may be in it, in order.
    ///
    /// After [`AppendError::Failed`] every further append is refused until [`Self::heal`] succeeds, or the log is dropped and
    /// opened again.
    pub fn append(&mut self, records: &[NewRecord<'_>]) -> Result<Range<u64>, AppendError> {
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        let first = self.shared.head() + 1;
        if records.is_empty() {
            return Ok(first..first);
        }
        self.check(records)?;
        let mut batch = std::mem::take(&mut self.batch);
        Batch::encode(&mut batch, first, records);
        let needed = batch.len() as u64;
        let written = self.make_room(first, needed).and_then(|()| self.write(&mut batch));
        self.batch = batch;
        let span = written.inspect_err(|error| self.note(error, needed))?;
        self.refused_bytes = 0;
        self.publish(span, records);
        Ok(first..first + records.len() as u64)
    }

    /// Makes a log whose write or sync failed usable again, without losing anything that was acknowledged: what may stand
    /// behind the last acknowledged batch is overwritten by zeros and made durable, through another descriptor than the one
    /// whose sync failed. The batch that failed is then not recorded. On an error the log refuses to write as before.
    pub fn heal(&mut self) -> io::Result<()> {
        if !self.poisoned {
            return Ok(());
        }
        let number = self.segment.header.number;
        let file = segment::open(&*self.shared.files, &self.shared.dir, number, Access::Write)?;
        files::write_zeros(&*file, self.segment.end(), self.zeroed)?;
        file.sync_all()?;
        (self.file, self.poisoned) = (file, false);
        Ok(())
    }

    /// Whether a write failed and [`Self::heal`] has not succeeded since.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Whether a batch like the last one that was refused would find room now: heals and makes that room, but records nothing.
    pub fn probe(&mut self) -> Result<(), AppendError> {
        self.heal().map_err(AppendError::Failed)?;
        let needed = self.refused_bytes.max(1);
        let room = self.make_room(self.shared.head() + 1, needed);
        room.inspect_err(|error| self.note(error, needed))
    }

    fn note(&mut self, error: &AppendError, needed: u64) {
        self.poisoned = matches!(error, AppendError::Failed(_));
        self.refused_bytes = needed;
    }

    /// The last recorded position, 0 if there is none.
    pub fn head(&self) -> u64 {
        self.shared.head()
    }

    /// The head's position and hash, as [`crate::verify()`] finds them.
    pub fn mark(&self) -> Mark {
        let hash = self.sealed_hash.filter(|_| self.segment.end() == HEADER_BYTES);
        Mark { position: self.head(), hash: hash.unwrap_or_else(|| Hash::of(&self.hasher)) }
    }

    fn check(&mut self, records: &[NewRecord<'_>]) -> Result<(), AppendError> {
        let name = 1..=usize::from(u16::MAX);
        if records.iter().any(|record| {
            !name.contains(&record.stream.len()) || !name.contains(&record.kind.len())
        }) {
            return Err(AppendError::BadName);
        }
        let bytes =
            records.iter().fold(64_usize, |sum, record| sum.saturating_add(record.size_bytes()));
        if bytes > MAX_BATCH_BYTES {
            return Err(AppendError::TooLarge { bytes });
        }
        self.keys.clear();
        self.staged.clear();
        let heads = self.shared.heads();
        for record in records {
            let key = self.shared.hasher.key(record.stream);
            let recorded = || heads.get(key).map_or(0, |head| head.version + 1);
            let next = self.staged.get(&key).copied().unwrap_or_else(recorded);
            if record.version != next {
                let stream = record.stream.to_owned();
                return Err(AppendError::WrongVersion { stream, next, given: record.version });
            }
            self.staged.insert(key, next + 1);
            self.keys.push(key);
        }
        Ok(())
    }

    /// Ensures that a batch finds its space at the end of the active segment: over zeros that are written out, so that its sync need not
    /// change what the file system knows of the file, or, if it is large, over allocated space.
    fn make_room(&mut self, first: u64, needed: u64) -> Result<(), AppendError> {
        if self.must_roll || self.segment.end() + needed > self.segment.header.length {
            self.roll(first, needed)?;
        }
        let end = self.segment.end() + needed;
        if end <= self.zeroed {
            return Ok(());
        }
        if needed >= LARGE && self.allocate(end)? {
            return Ok(());
        }
        let ahead = (end + ZERO_AHEAD).min(self.segment.header.length);
        // Nothing of the batch is written yet, and zeros over zeros change nothing: an error does no harm here. But a descriptor
        // whose sync failed is not used again.
        files::write_zeros(&*self.file, self.zeroed, ahead).map_err(refused)?;
        self.file.sync_data().map_err(unsynced)?;
        self.zeroed = ahead;
        Ok(())
    }

    /// Takes the active segment's space up to `end` and some more; false if the file system cannot without writing.
    fn allocate(&mut self, end: u64) -> Result<bool, AppendError> {
        if end > self.allocated {
            let from = self.allocated.max(self.segment.end());
            let length = self.segment.header.length;
            // Far ahead if there is that much space, otherwise what is needed.
            let far = (end + ALLOCATE_AHEAD).min(length);
            let to = match self.file.allocate(from, far) {
                Ok(true) => far,
                Ok(false) => return Ok(false),
                Err(error) if files::is_disk_full(&error) && far > end => {
                    self.file.allocate(from, end).map_err(refused)?;
                    end
                }
                Err(error) => return Err(refused(error)),
            };
            self.allocated = to;
        }
        // Zeros that are written later begin behind the batch.
        self.zeroed = self.zeroed.max(end);
        Ok(true)
    }

    /// Goes on in a new segment, which holds the hash of the one before it.
    fn roll(&mut self, first: u64, needed: u64) -> Result<(), AppendError> {
        let header = Header {
            salt: self.shared.salt,
            number: self.segment.header.number + 1,
            first_position: first,
            length: self.segment_bytes.max(HEADER_BYTES + needed),
            previous: Hash::of(&self.hasher),
        };
        let (files, dir) = (&*self.shared.files, &self.shared.dir);
        let file = segment::create(files, dir, &header).map_err(refused)?;
        // If this fails the name may be given or not. Making the segment once more replaces it, since nothing is in it yet.
        self.must_roll = true;
        segment::put_in_place(files, dir, header.number).map_err(refused)?;
        self.must_roll = false;
        self.file = Arc::clone(&file);
        self.hasher = blake3::Hasher::new();
        self.hasher.update(&header.encode());
        (self.zeroed, self.allocated) = (HEADER_BYTES, HEADER_BYTES);
        self.segment =
            Arc::new(Segment::new(header, file, HEADER_BYTES, Index::Memory(Memory::new())));
        self.shared.add_segment(self.segment.clone());
        self.sealed_hash = sealed_hash(&self.shared.segments());
        maintenance::catch_up(&self.shared);
        Ok(())
    }

    // ANCHOR: write
    fn write(&mut self, batch: &mut [u8]) -> Result<Span, AppendError> {
        let (offset, file) = (self.segment.end(), &*self.file);
        self.segment.source.seal.stamp(offset, batch);
        files::write_all(file, offset, batch)
            .and_then(|()| file.sync_data())
            .map_err(AppendError::Failed)?;
        self.hasher.update(batch);
        Ok(Span { offset, end: offset + batch.len() as u64 })
    }
    // ANCHOR_END: write

    fn publish(&mut self, span: Span, records: &[NewRecord<'_>]) {
        let first = self.shared.head() + 1;
        let keyed = || self.keys.iter().copied().zip(records);
        self.segment.publish(span.end, |index| {
            let Index::Memory(memory) = index else {
                unreachable!("the active segment's index is in memory")
            };
            memory.add(span, keyed().map(|(key, record)| (key, record.into())));
        });
        let mut heads = self.shared.heads_mut();
        for (position, (key, record)) in (first..).zip(keyed()) {
            heads.set(key, crate::heads::Head { version: record.version, position });
        }
        drop(heads);
        self.shared.set_head(first + records.len() as u64 - 1);
        self.shared.set_mark(self.mark());
    }
}

/// The hash of the last sealed segment in which anything is recorded, or of the first: as the one behind it holds it.
fn sealed_hash(segments: &[Arc<Segment>]) -> Option<Hash> {
    let recorded = |segment: &Segment| segment.end() > HEADER_BYTES || segment.header.number == 1;
    let mut pairs = segments.iter().zip(segments.iter().skip(1)).rev();
    pairs.find(|(segment, _)| recorded(segment)).map(|(_, next)| next.header.previous)
}

/// An error from a time when nothing of the batch was written.
fn refused(error: io::Error) -> AppendError {
    if files::is_disk_full(&error) {
        AppendError::DiskFull(error)
    } else {
        AppendError::Refused(error)
    }
}

/// The same, after which the descriptor must not be used again.
fn unsynced(error: io::Error) -> AppendError {
    if files::is_disk_full(&error) {
        AppendError::DiskFull(error)
    } else {
        AppendError::Failed(error)
    }
}
