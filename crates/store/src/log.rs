//! The event store over our own log.

mod codec;

use std::{ops::ControlFlow, path::Path, sync::Arc};

use crate::{Append, Page, Read};
use async_trait::async_trait;
use eventlog::{Files, Limits, Maintenance, NewRecord, Options, Record};
use kernel::{EventId, Position, Recorded, StreamId, Timestamp, Version};
use uuid::Uuid;

use crate::{
    plan::CommitPlan, plan::History, plan::PastEvent, port::Commit, port::Import, port::Reader,
    port::StoreFailure, port::Writer, port::check_import,
};

/// An open log as an event store.
pub struct LogStore {
    /// Records events.
    pub writer: LogWriter,
    /// Reads them; clone it for each reader.
    pub reader: LogReader,
    /// Looks after what can be done beside writing.
    pub maintenance: Maintenance,
    /// What opening found.
    pub report: eventlog::Report,
}

impl LogStore {
    /// Opens the log in a folder, or makes one there.
    pub fn open(
        dir: &Path,
        files: Arc<dyn Files>,
        options: Options,
    ) -> Result<Self, eventlog::OpenError> {
        let eventlog::Opened { writer, reader, maintenance, report } =
            eventlog::open(dir, files, options)?;
        let reader = LogReader(reader);
        Ok(Self {
            writer: LogWriter { writer, reader: reader.clone() },
            reader,
            maintenance,
            report,
        })
    }
}

/// The writing half.
pub struct LogWriter {
    writer: eventlog::Writer,
    reader: LogReader,
}

#[async_trait]
impl Writer for LogWriter {
    async fn commit(&mut self, appends: &[Append], now: Timestamp) -> Result<Commit, StoreFailure> {
        self.heal()?;
        let first = Position(self.writer.head()).next();
        let mut plan = CommitPlan::new(self.reader.clone(), first, now);
        for append in appends {
            plan.admit(append).await?;
        }
        let (answers, recorded) = plan.finish();
        self.write(&recorded)?;
        Ok(Commit { answers, recorded })
    }

    async fn probe(&mut self) -> Result<(), StoreFailure> {
        self.heal()?;
        self.writer.probe().map_err(|error| StoreFailure(error.to_string()))
    }

    fn is_broken(&self) -> bool {
        self.writer.is_poisoned()
    }
}

#[async_trait]
impl Import for LogWriter {
    async fn import(&mut self, events: &[Arc<Recorded>]) -> Result<(), StoreFailure> {
        check_import(events, Position(self.writer.head()))?;
        self.write(events)
    }
}

impl LogWriter {
    fn heal(&mut self) -> Result<(), StoreFailure> {
        if self.writer.is_poisoned() {
            let healed = self.writer.heal();
            healed.map_err(|error| StoreFailure(format!("the log cannot be repaired: {error}")))?;
            tracing::info!("the log recovered from a failed write; nothing acknowledged was lost");
        }
        Ok(())
    }

    fn write(&mut self, recorded: &[Arc<Recorded>]) -> Result<(), StoreFailure> {
        let metadata: Vec<Vec<u8>> = recorded.iter().map(|event| codec::metadata(event)).collect();
        let records: Vec<NewRecord<'_>> = recorded
            .iter()
            .zip(&metadata)
            .map(|(event, metadata)| NewRecord {
                stream: event.stream.as_str(),
                version: event.version.0,
                id: event.id.0.into_bytes(),
                kind: event.kind.as_str(),
                time_us: event.time.micros(),
                metadata,
                data: event.data.get().as_bytes(),
            })
            .collect();
        self.writer.append(&records).map(drop).map_err(|error| StoreFailure(error.to_string()))
    }

    /// The last position and the hash of everything up to it, to be kept elsewhere.
    #[must_use]
    pub fn mark(&self) -> eventlog::Mark {
        self.writer.mark()
    }
}

/// The reading half. Cheap to clone.
#[derive(Clone)]
pub struct LogReader(eventlog::Reader);

#[async_trait]
impl Reader for LogReader {
    async fn read(&self, read: &Read) -> Result<Page, StoreFailure> {
        self.page(read)
    }

    fn recall(&self, read: &Read) -> Option<Page> {
        let head = self.0.head();
        let (nothing, next) = match read {
            Read::Stream { stream, from } => {
                let last = self.0.stream_head(stream.as_str());
                (last.is_none_or(|last| last < from.0), from.0)
            }
            Read::Last { stream } => (self.0.stream_head(stream.as_str()).is_none(), 0),
            Read::All { from, .. } => (from.0 > head, head + 1),
        };
        let (head, next) = (Position(head), Position(next));
        nothing.then(|| Page { events: Vec::new(), head, next, end: true })
    }

    async fn head(&self) -> Result<Position, StoreFailure> {
        Ok(Position(self.0.head()))
    }

    async fn position_at(&self, time: Timestamp) -> Result<Option<Position>, StoreFailure> {
        Ok(self.0.position_at(time.micros()).map_err(failure)?.map(Position))
    }
}

impl LogReader {
    /// The log beneath, for the operator's tools.
    #[must_use]
    pub fn log(&self) -> &eventlog::Reader {
        &self.0
    }

    fn page(&self, read: &Read) -> Result<Page, StoreFailure> {
        // The head is looked at first: what is recorded while we read must not be passed over.
        let head = Position(self.0.head());
        let limits = Limits { max_events: Page::EVENTS_MAX, max_bytes: Page::BYTES_MAX };
        let mut events = Collect::default();
        let visit = |record: Record<'_>| events.take(record);
        let page = match read {
            Read::Stream { stream, from } => {
                self.0.read_stream(stream.as_str(), from.0, limits, visit)
            }
            Read::Last { stream } => match self.0.stream_head(stream.as_str()) {
                Some(last) => self.0.read_stream(stream.as_str(), last, limits, visit),
                None => Ok(eventlog::Page { next: 0, more: false }),
            },
            Read::All { from, .. } if *from > head => {
                Ok(eventlog::Page { next: head.0 + 1, more: false })
            }
            Read::All { from, categories } if categories.is_empty() => {
                self.0.read_all(from.0.max(1), limits, visit)
            }
            Read::All { from, categories } => {
                let categories: Vec<&str> = categories.iter().map(String::as_str).collect();
                self.0.read_categories(&categories, from.0.max(1), limits, visit)
            }
        };
        let eventlog::Page { next, more } = page.map_err(failure)?;
        let events = events.finish()?;
        Ok(Page {
            head: head.max(Position(self.0.head())),
            events,
            next: Position(next),
            end: !more,
        })
    }
}

impl History for LogReader {
    type Failure = StoreFailure;

    async fn last_version(&mut self, stream: &StreamId) -> Result<Option<Version>, StoreFailure> {
        Ok(self.0.stream_head(stream.as_str()).map(Version))
    }

    async fn events(
        &mut self,
        stream: &StreamId,
        from: Version,
        count: usize,
    ) -> Result<Vec<PastEvent>, StoreFailure> {
        let mut events = Vec::with_capacity(count);
        let collect = |record: Record<'_>| {
            events.push(PastEvent {
                id: EventId(Uuid::from_bytes(record.id)),
                position: Position(record.position),
                time: Timestamp::from_micros(record.time_us),
            });
            ControlFlow::Continue(())
        };
        self.0
            .read_stream(stream.as_str(), from.0, Limits::events(count), collect)
            .map_err(failure)?;
        Ok(events)
    }
}

/// Records on their way to be events.
#[derive(Default)]
struct Collect {
    events: Vec<Arc<Recorded>>,
    failed: Option<StoreFailure>,
}

impl Collect {
    fn take(&mut self, record: Record<'_>) -> ControlFlow<()> {
        match codec::event(record) {
            Ok(event) => {
                self.events.push(Arc::new(event));
                ControlFlow::Continue(())
            }
            Err(failure) => {
                self.failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    }

    fn finish(self) -> Result<Vec<Arc<Recorded>>, StoreFailure> {
        self.failed.map_or(Ok(self.events), Err)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be given to map_err")]
fn failure(error: eventlog::ReadError) -> StoreFailure {
    StoreFailure(error.to_string())
}
