//! A place in the log that keeps its file and offset, for going through everything in order.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Limits, Page, ReadError, Taker, bad_batch, holding};
use crate::format::{HEADER_BYTES, Record};
use crate::index::Page as IndexPage;
use crate::segment::{BatchReader, READ_AHEAD, Segment};
use crate::shared::Shared;

/// Goes through the whole log in order. At the head it stays where it is, and later reads on from there.
pub struct Cursor {
    shared: Arc<Shared>,
    buffer: BatchReader,
    next: u64,
    place: Option<Place>,
}

/// Where the batch with the next position begins: the segment by its place in the list, which only grows.
#[derive(Debug, Clone, Copy)]
struct Place {
    segment: usize,
    offset: u64,
}

impl Cursor {
    pub(super) fn new(shared: Arc<Shared>, from: u64) -> Self {
        Self { shared, buffer: BatchReader::default(), next: from.max(1), place: None }
    }

    /// Gives out the next records within the limits.
    pub fn read(
        &mut self,
        limits: Limits,
        visit: impl FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Result<Page, ReadError> {
        let mut taker = Taker::new(limits, self.next, visit);
        let segments = self.shared.segments();
        let mut place = match self.place {
            Some(place) => place,
            None if self.next > self.shared.head() => return Ok(taker.page()),
            None => self.locate(&segments)?,
        };
        while let Some(segment) = segments.get(place.segment).filter(|_| !taker.full) {
            let end = segment.end();
            if place.offset < end {
                let length = read_batch(segment, &mut self.buffer, place.offset, end, &mut taker)?;
                place.offset += length.unwrap_or(0);
            } else if place.segment + 1 < segments.len() {
                place = Place { segment: place.segment + 1, offset: HEADER_BYTES };
            } else {
                break;
            }
        }
        self.place = Some(place);
        self.next = taker.next;
        Ok(taker.page())
    }

    fn locate(&self, segments: &[Arc<Segment>]) -> Result<Place, ReadError> {
        let place = holding(segments, self.next);
        let segment = segments.get(place).expect("a log has at least one segment");
        let span =
            segment.index().batch_of(segment.relative(self.next), &mut IndexPage::default())?;
        let span = span
            .ok_or_else(|| segment.damage(self.next, 0, "its index does not know where that is"))?;
        Ok(Place { segment: place, offset: span.offset })
    }
}

/// Gives out what is wanted of the batch between two offsets; returns its length if all of it was.
fn read_batch<V: FnMut(Record<'_>) -> ControlFlow<()>>(
    segment: &Segment,
    buffer: &mut BatchReader,
    offset: u64,
    end: u64,
    taker: &mut Taker<V>,
) -> Result<Option<u64>, ReadError> {
    let batch = buffer.batch(&segment.source, offset, end, READ_AHEAD)?;
    let batch = batch.ok_or_else(|| bad_batch(segment, taker.next, offset))?;
    if batch.first_position > taker.next {
        return Err(segment.damage(taker.next, offset, "its positions are not consecutive").into());
    }
    for record in batch.records() {
        let record = record.map_err(|_| bad_batch(segment, taker.next, offset))?;
        if record.position == taker.next && taker.take(record, record.position + 1).is_break() {
            break;
        }
    }
    Ok((taker.next == batch.next_position()).then_some(batch.bytes.len() as u64))
}
