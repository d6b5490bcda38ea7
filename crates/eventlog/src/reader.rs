//! Reading: the whole log, a stream, categories. Readers see what is durable, and never wait for the writer's disk.

mod cursor;
mod limits;

pub use cursor::Cursor;
pub use limits::{Limits, Page};

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use limits::Taker;

use crate::format::Record;
use crate::hash::StreamKey;
use crate::index::{Page as IndexPage, StreamEntry};
use crate::known::Known;
use crate::segment::{self, BatchReader, Damage, Segment};
use crate::shared::Shared;

/// Why reading stopped short.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not those that were written. Nothing behind them was given out.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// The system failed to read.
    #[error("the log cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Figures about a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// How many events are recorded; the head's position.
    pub events: u64,
    /// How many streams there are.
    pub streams: u64,
    /// How many segment files.
    pub segments: u64,
    /// How many bytes they hold, not counting zeros written ahead.
    pub bytes: u64,
    /// What is held in memory for finding streams, in bytes, without the index of the segment being written.
    pub memory_bytes: u64,
    /// How many events each category has.
    pub categories: BTreeMap<String, u64>,
}

/// Reads a log. A clone is cheap; any number of threads can read without blocking each other or the writer.
#[derive(Clone)]
pub struct Reader {
    pub(crate) shared: Arc<Shared>,
}

impl Reader {
    /// The last durable position; 0 if there is none.
    pub fn head(&self) -> u64 {
        self.shared.head()
    }

    /// End of the last durable batch, to be noted elsewhere so that a loss of the log is noticed.
    pub fn known(&self) -> Result<Known, ReadError> {
        let mark = self.shared.mark();
        let mut event = None;
        if mark.position > 0 {
            self.read_all(mark.position, Limits::events(1), |record| {
                event = Some(record.id);
                ControlFlow::Break(())
            })?;
        }
        let log = Some((self.shared.salt, mark.hash));
        Ok(Known { position: mark.position, event, log, reached: 0 })
    }

    /// The last version of a stream, if it has any. From memory.
    pub fn stream_head(&self, stream: &str) -> Option<u64> {
        let key = self.shared.hasher.key(stream);
        self.shared.heads().get(key).map(|head| head.version)
    }

    /// A place in the log to read on from, again and again.
    pub fn cursor(&self, from: u64) -> Cursor {
        Cursor::new(self.shared.clone(), from)
    }

    /// Returns all records in order, from a position on. To read page after page, a [`Cursor`] is faster.
    pub fn read_all(
        &self,
        from: u64,
        limits: Limits,
        visit: impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Result<Page, ReadError> {
        self.cursor(from).read(limits, visit)
    }

    /// Gives out a stream's records in order, from a version on.
    pub fn read_stream(
        &self,
        stream: &str,
        from_version: u64,
        limits: Limits,
        visit: impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Result<Page, ReadError> {
        let key = self.shared.hasher.key(stream);
        let head = self.shared.heads().get(key);
        let mut taker = Taker::new(limits, from_version, visit);
        let Some(head) = head.filter(|head| head.version >= from_version) else {
            return Ok(taker.page());
        };
        let segments = self.shared.segments();
        let mut buffer = BatchReader::default();
        for (segment, entry) in
            parts_of_stream(&segments, key, from_version, head.position)?.iter().rev()
        {
            while !taker.full {
                let positions =
                    segment.index().stream_positions(entry, taker.next, taker.room())?;
                let wanted = positions.len();
                visit_positions(segment, &mut buffer, &positions, &mut |record| {
                    if record.stream != stream || record.version != taker.next {
                        return Err(segment.damage(
                            record.position,
                            0,
                            "its index names events of other streams",
                        ));
                    }
                    Ok(taker.take(record, record.version + 1))
                })?;
                if wanted < taker.asked {
                    break;
                }
            }
        }
        Ok(taker.page())
    }

    /// Looks at the last record of a stream, if there is one.
    pub fn last_of_stream<T>(
        &self,
        stream: &str,
        look: impl FnOnce(Record<'_>) -> T,
    ) -> Result<Option<T>, ReadError> {
        let head = self.shared.heads().get(self.shared.hasher.key(stream));
        let Some(head) = head else { return Ok(None) };
        let segments = self.shared.segments();
        let segment = segments
            .get(holding(&segments, head.position))
            .expect("a log has at least one segment");
        let (mut look, mut seen) = (Some(look), None);
        visit_positions(
            segment,
            &mut BatchReader::default(),
            &[segment.relative(head.position)],
            &mut |record| {
                seen = look.take().map(|look| look(record));
                Ok(ControlFlow::Break(()))
            },
        )?;
        Ok(seen)
    }

    /// Gives out the records of some categories in order of position, from a position on.
    pub fn read_categories(
        &self,
        categories: &[&str],
        from: u64,
        limits: Limits,
        visit: impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Result<Page, ReadError> {
        let head = self.head();
        let segments = self.shared.segments();
        let mut taker = Taker::new(limits, from, visit);
        let mut buffer = BatchReader::default();
        for segment in segments.iter().skip(holding(&segments, from)) {
            while !taker.full {
                let positions = in_categories(segment, categories, taker.next, taker.room())?;
                let wanted = positions.len();
                visit_positions(segment, &mut buffer, &positions, &mut |record| {
                    Ok(taker.take(record, record.position + 1))
                })?;
                if wanted < taker.asked {
                    break;
                }
            }
        }
        if !taker.full {
            taker.next = taker.next.max(head + 1);
        }
        Ok(taker.page())
    }

    /// The first position with an event at or after a time, in microseconds since 1970.
    pub fn position_at(&self, time_us: i64) -> Result<Option<u64>, ReadError> {
        for segment in self.shared.segments().iter() {
            if segment.index().max_time_us() < time_us {
                continue;
            }
            let Some(span) = segment.index().batch_since(time_us)? else { continue };
            let damage = || bad_batch(segment, segment.header.first_position, span.offset);
            let mut buffer = BatchReader::default();
            let batch =
                segment::read_span(&mut buffer, &segment.source, span)?.ok_or_else(damage)?;
            for record in batch.records() {
                let record = record.map_err(|_| damage())?;
                if record.time_us >= time_us {
                    return Ok(Some(record.position));
                }
            }
        }
        Ok(None)
    }

    /// Counts and sizes. Reads the sealed segments' lists of categories.
    pub fn stats(&self) -> Result<Stats, ReadError> {
        let segments = self.shared.segments();
        let mut categories = BTreeMap::new();
        for segment in segments.iter() {
            segment.index().each_category(&mut |category, events| {
                *categories.entry(category.to_owned()).or_default() += events;
            })?;
        }
        let heads = self.shared.heads();
        Ok(Stats {
            events: categories.values().sum(),
            streams: heads.len() as u64,
            segments: segments.len() as u64,
            bytes: segments.iter().map(|segment| segment.end()).sum(),
            memory_bytes: heads.memory_bytes() as u64,
            categories,
        })
    }
}

/// The place in the list of the segment that holds a position, or the nearest.
fn holding(segments: &[Arc<Segment>], position: u64) -> usize {
    segments.partition_point(|segment| segment.header.first_position <= position).saturating_sub(1)
}

/// The segments that hold a stream from a version on, with its entries there, the last one first.
fn parts_of_stream(
    segments: &[Arc<Segment>],
    key: StreamKey,
    from_version: u64,
    last_position: u64,
) -> io::Result<Vec<(&Segment, StreamEntry)>> {
    let mut parts = Vec::new();
    for segment in segments.iter().take(holding(segments, last_position) + 1).rev() {
        let Some(entry) = segment.index().stream(key)? else { continue };
        parts.push((&**segment, entry));
        if entry.first_version() <= from_version {
            break;
        }
    }
    Ok(parts)
}

fn in_categories(
    segment: &Segment,
    categories: &[&str],
    from: u64,
    limit: usize,
) -> io::Result<Vec<u32>> {
    let index = segment.index();
    let mut positions = Vec::new();
    for category in categories {
        positions.extend(index.category_positions(category, segment.relative(from), limit)?);
    }
    positions.sort_unstable();
    positions.dedup();
    positions.truncate(limit);
    Ok(positions)
}

type VisitPosition<'v> = dyn FnMut(Record<'_>) -> Result<ControlFlow<()>, Damage> + 'v;

/// Reads the records at some positions, given in order, each batch once.
fn visit_positions(
    segment: &Segment,
    buffer: &mut BatchReader,
    positions: &[u32],
    visit: &mut VisitPosition<'_>,
) -> Result<(), ReadError> {
    let mut wanted =
        positions.iter().map(|&place| segment.header.first_position + u64::from(place)).peekable();
    let mut page = IndexPage::default();
    while let Some(&position) = wanted.peek() {
        let span = segment.index().batch_of(segment.relative(position), &mut page)?;
        let span = span
            .ok_or_else(|| segment.damage(position, 0, "its index does not know where that is"))?;
        let batch = segment::read_span(buffer, &segment.source, span)?;
        let batch = batch.ok_or_else(|| bad_batch(segment, position, span.offset))?;
        let mut records = batch.records();
        while let Some(position) = wanted.next_if(|position| *position < batch.next_position()) {
            let record = records.at(position).ok_or_else(|| {
                segment.damage(position, span.offset, "its index names a batch without it")
            })?;
            let record = record.map_err(|_| bad_batch(segment, position, span.offset))?;
            if visit(record)?.is_break() {
                return Ok(());
            }
        }
        if wanted.peek() == Some(&position) {
            return Err(segment
                .damage(position, span.offset, "its index names a batch without it")
                .into());
        }
    }
    Ok(())
}

fn bad_batch(segment: &Segment, position: u64, offset: u64) -> Damage {
    segment.damage(position, offset, "the checksum of the batch is wrong")
}
