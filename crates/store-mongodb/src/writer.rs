//! The writing half: what it remembers, and how it catches up after a conflict.

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kernel::{EventId, Expected, Position, Recorded, StreamId, Timestamp, Version};
use lru::LruCache;
use store::{Append, Appended};

use super::{
    MongoReader,
    connection::Connection,
    transaction::{Setback, Transactions},
};
use store::{
    plan::CommitPlan, plan::History, plan::PastEvent, port::Commit, port::Import,
    port::StoreFailure, port::Writer, port::check_import,
};

/// A transaction takes no further append once it has so many events; MongoDB advises against more than a thousand.
const EVENTS_FULL: usize = 1000;
/// A transaction takes no further append once it has so many bytes: with another of 1 MiB it still is far below the 16 MB of
/// one answer in MongoDB's own log, and below the 48 MB of one message.
const BYTES_FULL: usize = 4 << 20;
/// Streams whose last version is remembered, at some hundred bytes each.
const STREAMS_MAX: NonZeroUsize = NonZeroUsize::new(1 << 16).expect("is not zero");
/// Appends whose answers are remembered, at some hundred bytes each: those of the last seconds, which may be asked again.
const ANSWERS_MAX: NonZeroUsize = NonZeroUsize::new(1 << 14).expect("is not zero");
/// Versions looked up at once: enough to hide the way to the server.
const LOOKUPS: usize = 16;
/// Tries of one group against others who record, before it is given back as failed.
const TRIES: u32 = 8;
/// The pause before another try, times its number: so that two writers do not keep step.
const PAUSE: Duration = Duration::from_millis(3);

/// The writing half.
///
/// There may be several, though only one should have work: a writer with stale knowledge fails at the unique indexes, forgets
/// everything, reads on and judges again.
pub struct MongoWriter {
    connection: Connection,
    reader: MongoReader,
    transactions: Transactions,
    prepared: bool,
    /// Nothing, before the first work and after every failure.
    known: Option<Known>,
}

/// What this writer believes of the store.
struct Known {
    head: Position,
    /// The latest time of all events.
    latest: Timestamp,
    versions: LruCache<StreamId, Option<Version>>,
    /// By the stream and the id of the first event: what the last appends were answered. To look that up for each append that is sent again
    /// takes so long in a slow store that all of them would be.
    answers: LruCache<(StreamId, EventId), Appended>,
}

#[async_trait]
impl Writer for MongoWriter {
    async fn commit(&mut self, appends: &[Append], now: Timestamp) -> Result<Commit, StoreFailure> {
        let (mut answers, mut recorded) = (Vec::with_capacity(appends.len()), Vec::new());
        while let Some(rest) = appends.get(answers.len()..).filter(|rest| !rest.is_empty()) {
            let group = self.group(rest, now).await?;
            answers.extend(group.0);
            recorded.extend(group.1);
        }
        Ok(Commit { answers, recorded })
    }

    async fn probe(&mut self) -> Result<(), StoreFailure> {
        // Asked afresh: what was known before the failure proves nothing.
        self.known = None;
        self.known = Some(self.take_known().await?);
        Ok(())
    }
}

#[async_trait]
impl Import for MongoWriter {
    async fn import(&mut self, events: &[Arc<Recorded>]) -> Result<(), StoreFailure> {
        let mut known = self.take_known().await?;
        check_import(events, known.head)?;
        let mut past = Memory::new(&self.reader, &mut known);
        past.look_up(events.iter().map(|event| &event.stream)).await?;
        for event in events {
            let last = past.known.versions.get(&event.stream).copied().flatten();
            if event.version != last.map_or(Version(0), Version::next) {
                let Recorded { position, stream, version, .. } = &**event;
                return Err(StoreFailure(format!(
                    "position {position}: version {version} is not the next one of {stream}"
                )));
            }
            past.known.versions.put(event.stream.clone(), Some(event.version));
        }
        match self.transactions.record(events, known.latest).await {
            Ok(()) => {
                known.advance(events);
                self.known = Some(known);
                Ok(())
            }
            Err(Setback::Overtaken) => {
                Err(StoreFailure("another writer recorded in the meantime".to_owned()))
            }
            Err(Setback::Failed(failure)) => Err(failure),
        }
    }
}

/// Answers, and what was recorded for them.
type Group = (Vec<Appended>, Vec<Arc<Recorded>>);

impl MongoWriter {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            reader: MongoReader::new(connection.clone()),
            transactions: Transactions::new(connection.clone()),
            connection,
            prepared: false,
            known: None,
        }
    }

    /// Records the first of the appends, as many as one transaction takes.
    async fn group(&mut self, appends: &[Append], now: Timestamp) -> Result<Group, StoreFailure> {
        for tried in 1..=TRIES {
            match self.attempt(appends, now, tried == 1).await {
                Ok(group) => return Ok(group),
                Err(Setback::Failed(failure)) => return Err(failure),
                Err(Setback::Overtaken) => {
                    tracing::debug!(tried, "another event store also records; reading its events");
                    tokio::time::sleep(PAUSE * tried).await;
                    if tried == TRIES - 1 {
                        // Perhaps no writer records, and a stalled one holds a transaction open.
                        self.transactions.end_others().await?;
                    }
                }
            }
        }
        Err(StoreFailure("another event store keeps recording at the same time".to_owned()))
    }

    /// `trusting`: an append that says that a stream is new is believed until the index says otherwise.
    async fn attempt(
        &mut self,
        appends: &[Append],
        now: Timestamp,
        trusting: bool,
    ) -> Result<Group, Setback> {
        // Until all has gone well nothing is known any more.
        let mut known = self.take_known().await?;
        let first = known.head.next();
        let mut past = Memory::new(&self.reader, &mut known);
        if trusting {
            past.presume_new(appends);
        }
        past.look_up(appends.iter().map(|append| &append.stream)).await?;
        let mut plan = CommitPlan::new(past, first, now);
        for append in appends {
            plan.admit(append).await?;
            let (events, bytes) = plan.staged();
            if events >= EVENTS_FULL || bytes >= BYTES_FULL {
                break;
            }
        }
        let (answers, recorded) = plan.finish();
        self.transactions.record(&recorded, known.latest).await?;
        known.advance(&recorded);
        known.remember(appends, &answers);
        self.known = Some(known);
        Ok((answers, recorded))
    }

    async fn take_known(&mut self) -> Result<Known, StoreFailure> {
        if let Some(known) = self.known.take() {
            return Ok(known);
        }
        if !self.prepared {
            self.connection.prepare().await?;
            self.prepared = true;
        }
        let (head, latest) = self.reader.last().await?;
        Ok(Known {
            head,
            latest,
            versions: LruCache::new(STREAMS_MAX),
            answers: LruCache::new(ANSWERS_MAX),
        })
    }
}

impl Known {
    /// The events are recorded.
    fn advance(&mut self, events: &[Arc<Recorded>]) {
        for event in events {
            self.versions.put(event.stream.clone(), Some(event.version));
            (self.head, self.latest) = (event.position, self.latest.max(event.time));
        }
    }

    fn remember(&mut self, appends: &[Append], answers: &[Appended]) {
        for (append, answer) in appends.iter().zip(answers) {
            if let (Some(event), Appended::Recorded { .. }) = (append.events.first(), answer) {
                self.answers.put((append.stream.clone(), event.id), answer.clone());
            }
        }
    }
}

/// The past as this writer remembers it, and looks it up.
struct Memory<'a> {
    reader: &'a MongoReader,
    known: &'a mut Known,
    /// Streams whose version was looked up since the group arrived.
    fresh: BTreeSet<StreamId>,
    /// Unknown streams that begin with this group: most are really new.
    presumed_new: BTreeSet<StreamId>,
}

impl<'a> Memory<'a> {
    fn new(reader: &'a MongoReader, known: &'a mut Known) -> Self {
        Self { reader, known, fresh: BTreeSet::new(), presumed_new: BTreeSet::new() }
    }

    /// Spares looking up what the first append to it says does not exist: should it exist, nothing of the group can be recorded.
    fn presume_new(&mut self, appends: &[Append]) {
        let mut seen = BTreeSet::new();
        for append in appends {
            let first = seen.insert(&append.stream);
            if first
                && append.expected == Expected::None
                && !self.known.versions.contains(&append.stream)
            {
                self.presumed_new.insert(append.stream.clone());
            }
        }
    }

    /// Looks up the versions of those streams that are not remembered, many at once.
    async fn look_up(
        &mut self,
        streams: impl Iterator<Item = &StreamId>,
    ) -> Result<(), StoreFailure> {
        let unknown = |stream: &&StreamId| {
            !self.known.versions.contains(*stream) && !self.presumed_new.contains(*stream)
        };
        let missing: BTreeSet<StreamId> = streams.filter(unknown).cloned().collect();
        let reader = self.reader;
        let found: Vec<(StreamId, Option<Version>)> = stream::iter(missing)
            .map(|stream| async move {
                let version = reader.last_version(&stream).await?;
                Ok::<_, StoreFailure>((stream, version))
            })
            .buffer_unordered(LOOKUPS)
            .try_collect()
            .await?;
        for (stream, version) in found {
            self.known.versions.put(stream.clone(), version);
            self.fresh.insert(stream);
        }
        Ok(())
    }
}

impl History for Memory<'_> {
    type Failure = Setback;

    fn answered(&mut self, append: &Append) -> Option<Appended> {
        let first = append.events.first()?;
        let answer = self.known.answers.get(&(append.stream.clone(), first.id))?;
        let Appended::Recorded { version, .. } = answer else { return None };
        let last = append.expected.first_version().0 + append.events.len() as u64 - 1;
        (version.0 == last).then(|| answer.clone())
    }

    async fn last_version(&mut self, stream: &StreamId) -> Result<Option<Version>, Setback> {
        self.look_up(std::iter::once(stream)).await?;
        Ok(self.known.versions.get(stream).copied().flatten())
    }

    async fn events(
        &mut self,
        stream: &StreamId,
        from: Version,
        count: usize,
    ) -> Result<Vec<PastEvent>, Setback> {
        // A stale memory would refuse what is right, and nothing would be written to prove it wrong.
        if !self.fresh.contains(stream) {
            let version = self.reader.last_version(stream).await?;
            if self.known.versions.put(stream.clone(), version) != Some(version) {
                return Err(Setback::Overtaken);
            }
            self.fresh.insert(stream.clone());
        }
        Ok(self.reader.events(stream, from, count).await?)
    }
}
