//! The reading half: contiguous pages of what a majority has.

use std::sync::Arc;

use async_trait::async_trait;
use bus::{Page, Read};
use kernel::{EventId, Position, StreamId, Timestamp, Version};
use mongodb::{
    Collection,
    bson::{Document, RawDocumentBuf, doc},
    error::Result as Answer,
};

use super::{
    codec::{self, long},
    connection::Connection,
};
use crate::port::{Reader, StoreFailure};

/// The reading half. Cheap to clone.
#[derive(Clone)]
pub struct MongoReader(Connection);

#[async_trait]
impl Reader for MongoReader {
    async fn read(&self, read: &Read) -> Result<Page, StoreFailure> {
        let query = Query::of(read);
        let found = self.ask({
            let (connection, query) = (self.0.clone(), query.clone());
            async move { query.run(&connection).await }
        });
        let (head, documents) = found.await?;
        let head = head.map_or(Ok(Position::START), |head| codec::position(&head))?;
        page(read, head, &documents)
    }

    async fn head(&self) -> Result<Position, StoreFailure> {
        Ok(self.last().await?.0)
    }

    async fn position_at(&self, time: Timestamp) -> Result<Option<Position>, StoreFailure> {
        // Positions are dense and times never fall, so halving finds it without an index.
        let (head, last_time) = self.last().await?;
        if head == Position::START || last_time < time {
            return Ok(None);
        }
        let (mut low, mut high) = (1, head.0);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time_of(middle).await? < time {
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

    /// The last position and its time.
    pub(super) async fn last(&self) -> Result<(Position, Timestamp), StoreFailure> {
        let events = self.0.events.clone();
        let last = self.ask(async move { last(&events).await }).await?;
        let place = |last: RawDocumentBuf| Ok((codec::position(&last)?, codec::time(&last)?));
        last.map_or(Ok((Position::START, Timestamp::from_micros(i64::MIN))), place)
    }

    pub(super) async fn last_version(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Version>, StoreFailure> {
        let (events, stream) = (self.0.events.clone(), stream.as_str().to_owned());
        let find = async move {
            let found = events.find_one(doc! { "stream": stream }).sort(doc! { "version": -1 });
            found.projection(doc! { "_id": 0, "version": 1 }).await
        };
        self.ask(find).await?.map(|document| codec::version(&document)).transpose()
    }

    /// The ids recorded in a stream from a version on, `count` of them at most, with their positions.
    pub(super) async fn ids(
        &self,
        stream: &StreamId,
        from: Version,
        count: usize,
    ) -> Result<Vec<(EventId, Position)>, StoreFailure> {
        let filter = doc! { "stream": stream.as_str(), "version": { "$gte": long(from.0) } };
        let events = self.0.events.clone();
        let find = async move {
            let found = events.find(filter).sort(doc! { "version": 1 }).limit(limit(count));
            let mut found = found.projection(doc! { "id": 1 }).await?;
            let mut documents = Vec::new();
            while found.advance().await? {
                documents.push(found.current().to_owned());
            }
            Ok(documents)
        };
        self.ask(find).await?.iter().map(|document| codec::place(document)).collect()
    }

    async fn time_of(&self, position: u64) -> Result<Timestamp, StoreFailure> {
        let events = self.0.events.clone();
        let find = async move {
            let found = events.find_one(doc! { "_id": long(position) });
            found.projection(doc! { "time": 1 }).await
        };
        let found = self.ask(find).await?;
        let found = found.ok_or_else(|| StoreFailure(format!("position {position} is missing")))?;
        codec::time(&found)
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl Future<Output = Answer<T>> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        self.0.ask(work).await?.map_err(|error| self.0.failure(&error))
    }
}

/// What to ask of the collection.
#[derive(Clone)]
struct Query {
    filter: Document,
    sort: Document,
    limit: usize,
    /// Whether the filter goes by positions, up to the head.
    to_head: bool,
}

impl Query {
    fn of(read: &Read) -> Self {
        match read {
            Read::Stream { stream, from } => Self {
                filter: doc! { "stream": stream.as_str(), "version": { "$gte": long(from.0) } },
                sort: doc! { "version": 1 },
                limit: Page::EVENTS_MAX + 1,
                to_head: false,
            },
            Read::Last { stream } => Self {
                filter: doc! { "stream": stream.as_str() },
                sort: doc! { "version": -1 },
                limit: 1,
                to_head: false,
            },
            Read::All { from, categories } => {
                let mut filter = doc! { "_id": { "$gte": long(from.0) } };
                if !categories.is_empty() {
                    filter.insert("category", doc! { "$in": categories });
                }
                Self { filter, sort: doc! { "_id": 1 }, limit: Page::EVENTS_MAX + 1, to_head: true }
            }
        }
    }

    /// The head, and then what is asked for, as much as a page takes and one more if there is one.
    ///
    /// Both in one causal session: after a change of the primary the second look must not show less than the first did.
    async fn run(
        self,
        connection: &Connection,
    ) -> Answer<(Option<RawDocumentBuf>, Vec<RawDocumentBuf>)> {
        let events = &connection.events;
        let mut session = connection.client.start_session().causal_consistency(true).await?;
        let head = events.find_one(doc! {}).sort(doc! { "_id": -1 }).projection(doc! { "_id": 1 });
        let head = head.session(&mut session).await?;
        let mut filter = self.filter;
        if self.to_head {
            let last = head.as_ref().and_then(|head| head.get_i64("_id").ok()).unwrap_or(0);
            filter = doc! { "$and": [filter, { "_id": { "$lte": last } }] };
        }
        let found = events.find(filter).sort(self.sort).limit(limit(self.limit));
        let found = found.batch_size(u32::try_from(self.limit).unwrap_or(u32::MAX));
        let mut found = found.session(&mut session).await?;
        let (mut documents, mut bytes) = (Vec::new(), 0);
        // The one that is too much is fetched too: it says that there is more.
        while (bytes <= Page::BYTES_MAX || documents.len() < 2)
            && found.advance(&mut session).await?
        {
            documents.push(found.current().to_owned());
            bytes += found.current().as_bytes().len();
        }
        Ok((head, documents))
    }
}

async fn last(events: &Collection<RawDocumentBuf>) -> Answer<Option<RawDocumentBuf>> {
    let found = events.find_one(doc! {}).sort(doc! { "_id": -1 });
    found.projection(doc! { "_id": 1, "time": 1 }).await
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
    let (mut events, mut bytes, mut end) = (Vec::new(), 0, true);
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
    Ok(Page { events, head, next: Position(next), end })
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
