//! A segment's index: finds a position, a stream's versions and a category's events in it.
//!
//! The segment being written has its index in memory, 4 bytes per event for its stream, 4 for its category and 48 per
//! stream, bounded by the segment's size. A sealed one has it beside it on disk, and in memory only where to look.
//! Positions are relative to the segment's first.

mod disk;
mod layout;
mod memory;
mod table;

pub(crate) use disk::Disk;
pub(crate) use memory::{KeyHasher, Memory};
pub(crate) use table::Page;

use std::io;

use crate::format::Header;
use crate::hash::{Hash, StreamKey};

/// A segment's index, wherever it is.
#[derive(Debug)]
pub(crate) enum Index {
    Memory(Memory),
    Disk(Disk),
}

/// Which segment an index is of. One written for another segment, or for another log's, never passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) salt: [u8; 16],
    pub(crate) number: u64,
    pub(crate) first_position: u64,
    /// The hash of the segment's content, as the next segment's header holds it.
    pub(crate) hash: Hash,
}

impl Identity {
    pub(crate) fn new(header: &Header, next: &Header) -> Self {
        let Header { salt, number, first_position, .. } = *header;
        Self { salt, number, first_position, hash: next.previous }
    }
}

/// A batch, and the highest time in the segment up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchEntry {
    pub(crate) first: u32,
    pub(crate) offset: u32,
    pub(crate) max_time_us: i64,
}

/// A stream's part in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamEntry {
    pub(crate) last_version: u64,
    pub(crate) last: u32,
    pub(crate) count: u32,
    /// Where its positions begin among those of all streams; only on disk.
    start: u32,
}

impl StreamEntry {
    pub(crate) fn first_version(&self) -> u64 {
        (self.last_version + 1).saturating_sub(self.count.into())
    }
}

/// Where a batch is in the segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) end: u64,
}

impl Index {
    /// The batch that holds a position of this segment. `page` is empty, or was used for another position of it.
    pub(crate) fn batch_of(&self, position: u32, page: &mut Page) -> io::Result<Option<Span>> {
        match self {
            Self::Memory(memory) => Ok(memory.batch_of(position)),
            Self::Disk(disk) => disk.batch_of(position, page),
        }
    }

    /// The first batch with an event at or after a time.
    pub(crate) fn batch_since(&self, time_us: i64) -> io::Result<Option<Span>> {
        match self {
            Self::Memory(memory) => Ok(memory.batch_since(time_us)),
            Self::Disk(disk) => disk.batch_since(time_us),
        }
    }

    /// The highest time of all the segment's events.
    pub(crate) fn max_time_us(&self) -> i64 {
        match self {
            Self::Memory(memory) => memory.max_time_us(),
            Self::Disk(disk) => disk.max_time_us(),
        }
    }

    /// Where the segment's content ends.
    pub(crate) fn end(&self) -> u64 {
        match self {
            Self::Memory(memory) => memory.end(),
            Self::Disk(disk) => disk.end(),
        }
    }

    pub(crate) fn stream(&self, key: StreamKey) -> io::Result<Option<StreamEntry>> {
        match self {
            Self::Memory(memory) => Ok(memory.stream(key)),
            Self::Disk(disk) => disk.stream(key),
        }
    }

    /// The positions of a stream's events from a version on, at most `limit` of them and none later than `entry` knows.
    pub(crate) fn stream_positions(
        &self,
        entry: &StreamEntry,
        from_version: u64,
        limit: usize,
    ) -> io::Result<Vec<u32>> {
        match self {
            Self::Memory(memory) => Ok(memory.stream_positions(entry, from_version, limit)),
            Self::Disk(disk) => disk.stream_positions(entry, from_version, limit),
        }
    }

    /// The positions of a category's events from `from` on, at most `limit` of them.
    pub(crate) fn category_positions(
        &self,
        category: &str,
        from: u32,
        limit: usize,
    ) -> io::Result<Vec<u32>> {
        match self {
            Self::Memory(memory) => Ok(memory.category_positions(category, from, limit)),
            Self::Disk(disk) => disk.category_positions(category, from, limit),
        }
    }

    /// Every category with the number of its events.
    pub(crate) fn each_category(&self, visit: &mut dyn FnMut(&str, u64)) -> io::Result<()> {
        match self {
            Self::Memory(memory) => {
                memory.each_category(visit);
                Ok(())
            }
            Self::Disk(disk) => disk.each_category(visit),
        }
    }

    /// Every stream with its part in the segment.
    pub(crate) fn each_stream(
        &self,
        visit: &mut dyn FnMut(StreamKey, StreamEntry),
    ) -> io::Result<()> {
        match self {
            Self::Memory(memory) => {
                memory.each_stream(visit);
                Ok(())
            }
            Self::Disk(disk) => disk.each_stream(visit),
        }
    }
}
