//! The reading half: contiguous pages of events committed by a majority.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use kernel::{Position, Recorded, StreamId, Timestamp, Version};
use mongodb::bson::{RawDocumentBuf, doc};
use store::{Page, Read};

use super::{
    codec::{self, long},
    connection::Connection,
    look::Look,
};
use store::{plan::PastEvent, port::Reader, port::StoreFailure};

/// The reading half. Cheap to clone.
#[derive(Clone)]
pub struct MongoReader(Connection);

#[async_trait]
impl Reader for MongoReader {
    async fn read(&self, read: &Read) -> Result<Page, StoreFailure> {
        // The head is looked at first: what is recorded while we read must not be passed over.
        let (head, _) = self.last().await?;
        let documents = self.0.look(look(read, head)).await?;
        page(read, head, &documents)
    }

    async fn head(&self) -> Result<Position, StoreFailure> {
        Ok(self.last().await?.0)
    }

    async fn position_at(&self, time: Timestamp) -> Result<Option<Position>, StoreFailure> {
        // Positions are dense and the latest times up to them never fall, so halving finds it without an index.
        let (head, latest) = self.last().await?;
        if head == Position::START || latest < time {
            return Ok(None);
        }
        let (mut low, mut high) = (1, head.0);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.latest_at(middle).await? < time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(Some(Position(low)))
    }
}

impl MongoReader {
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// The last position, and the latest time of all events.
    pub(super) async fn last(&self) -> Result<(Position, Timestamp), StoreFailure> {
        let taken = self.0.taken.load(Ordering::Relaxed);
        let last = match self.last_from(taken).await? {
            // What was there is gone: the database was put back to an earlier state.
            None if taken > 0 => self.last_from(0).await?,
            found => found,
        };
        let (position, time) = last.unwrap_or((Position::START, Timestamp::from_micros(i64::MIN)));
        self.0.taken.store(position.0, Ordering::Relaxed);
        Ok((position, time))
    }

    /// The last of the events from a position on: few, where that is a late one.
    async fn last_from(&self, from: u64) -> Result<Option<(Position, Timestamp)>, StoreFailure> {
        let filter = doc! { "position": { "$gte": long(from) } };
        let fields = doc! { "position": 1, "time": 1, "latest": 1 };
        let found = self.0.look(Look::first(filter, doc! { "position": -1 }, fields)).await?;
        let last = found.first().map(|last| Ok((codec::position(last)?, codec::latest(last)?)));
        last.transpose()
    }

    pub(super) async fn last_version(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Version>, StoreFailure> {
        let (filter, fields) =
            (doc! { "stream": stream.as_str() }, doc! { "_id": 0, "version": 1 });
        let found = self.0.look(Look::first(filter, doc! { "version": -1 }, fields)).await?;
        found.first().map(|document| codec::version(document)).transpose()
    }

    /// The ids recorded in a stream from a version on, `count` of them at most, with their positions.
    pub(super) async fn events(
        &self,
        stream: &StreamId,
        from: Version,
        count: usize,
    ) -> Result<Vec<PastEvent>, StoreFailure> {
        let found = self.0.look(Look {
            filter: doc! { "stream": stream.as_str(), "version": { "$gte": long(from.0) } },
            sort: doc! { "version": 1 },
            fields: doc! { "id": 1, "position": 1, "time": 1 },
            limit: count,
            bytes_max: usize::MAX,
        });
        found.await?.iter().map(|document| codec::past(document)).collect()
    }

    async fn latest_at(&self, position: u64) -> Result<Timestamp, StoreFailure> {
        let filter = doc! { "position": long(position) };
        let fields = doc! { "position": 1, "time": 1, "latest": 1 };
        let found = self.0.look(Look::first(filter, doc! {}, fields)).await?;
        let found =
            found.first().ok_or_else(|| StoreFailure(format!("position {position} is missing")))?;
        codec::latest(found)
    }
}

/// What to look for: as much as a page takes, and one more if there is one.
fn look(read: &Read, head: Position) -> Look {
    let (filter, sort, limit) = match read {
        Read::Stream { stream, from } => (
            doc! { "stream": stream.as_str(), "version": { "$gte": long(from.0) } },
            doc! { "version": 1 },
            Page::EVENTS_MAX + 1,
        ),
        Read::Last { stream } => (doc! { "stream": stream.as_str() }, doc! { "version": -1 }, 1),
        Read::All { from, categories } => {
            // Positions are dense: no page of all of them reaches further than this.
            let reach = from.0.saturating_add(Page::EVENTS_MAX as u64);
            let to = if categories.is_empty() { head.0.min(reach) } else { head.0 };
            let mut filter = doc! { "position": { "$gte": long(from.0), "$lte": long(to) } };
            if !categories.is_empty() {
                filter.insert("category", doc! { "$in": categories });
            }
            (filter, doc! { "position": 1 }, Page::EVENTS_MAX + 1)
        }
    };
    Look { filter, sort, fields: doc! {}, limit, bytes_max: Page::BYTES_MAX }
}

/// Makes a page of what was found: as much as the limits allow, and nothing behind a gap.
fn page(read: &Read, head: Position, documents: &[RawDocumentBuf]) -> Result<Page, StoreFailure> {
    let mut next = match read {
        Read::Stream { from, .. } => from.0,
        Read::Last { .. } => 0,
        Read::All { from, .. } => from.0.max(1).min(head.0 + 1),
    };
    let dense = match read {
        Read::Last { .. } => false,
        Read::Stream { .. } => true,
        Read::All { categories, .. } => categories.is_empty(),
    };
    let (mut events, mut bytes, mut end) = (Vec::<Arc<Recorded>>::new(), 0, true);
    for document in documents {
        let event = codec::event(document)?;
        let place = match read {
            Read::All { .. } => event.position.0,
            Read::Stream { .. } | Read::Last { .. } => event.version.0,
        };
        bytes += document.as_bytes().len();
        let full =
            events.len() == Page::EVENTS_MAX || (bytes > Page::BYTES_MAX && !events.is_empty());
        if full || (dense && place != next) {
            end = !full;
            break;
        }
        next = place + 1;
        events.push(Arc::new(event));
    }
    if end && matches!(read, Read::All { categories, .. } if !categories.is_empty()) {
        next = head.0 + 1;
    }
    // A stream may have grown since the head was looked at.
    let head = events.last().map_or(head, |event| event.position.max(head));
    Ok(Page { events, head, next: Position(next), end })
}
