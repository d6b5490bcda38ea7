//! The inbox of a subscriber: the streams with an event that it cannot take, and what was decided about them.
//!
//! ```text
//!  a stream:    1  2  ✗  4  5  ──▶ 1 and 2 are taken; ✗ is set aside, and 4 and 5 wait behind it; all other streams continue
//!  an operator has ✗ retried or skipped, an event at position D in the stream `inbox-…`
//!  the subscriber comes to D:  ──▶ what waits is taken, in order, up to D; or up to the next event that cannot be taken
//! ```
//!
//! An entry is one event for each stream. What waits behind it is not kept anywhere: it is in the log, in that stream. Entries are noted
//! together with the checkpoint, and decisions are events that every subscriber comes to in the order of the log. So the same log gives
//! the same model, whenever it was interrupted or built again.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use async_trait::async_trait;
use kernel::{Position, Recorded, StreamId, Version, events};
use store::Read;

use crate::{EventStore, Newer, SetAside, Unfit};

/// The category of the streams in which decisions are recorded; each subscriber's is its own service's.
pub const CATEGORY: &str = "inbox";

events! {
    /// What is recorded of inboxes. A subscriber is known by its name, an entry by the position of its event.
    InboxEvent {
        /// A reactor could not take an event. Others note that in their databases.
        Parked {
            /// Whose inbox.
            subscriber: String,
            /// The event's stream.
            stream: String,
            /// Its place there.
            version: u64,
            /// Its place in the log.
            position: u64,
            /// Why it could not be taken.
            reason: String,
        } = "inbox.parked" @ 1,
        /// The entry, and what waits behind it, is to be taken now.
        Retried {
            /// Whose inbox.
            subscriber: String,
            /// The entry's place in the log.
            position: u64,
        } = "inbox.retried" @ 1,
        /// What waits behind the entry is to be taken now, without the entry itself.
        Skipped {
            /// Whose inbox.
            subscriber: String,
            /// The entry's place in the log.
            position: u64,
            /// Why it is left out.
            reason: String,
        } = "inbox.skipped" @ 1,
    }
}

/// The stream in which decisions about the inbox of a subscriber are recorded: `inbox-` and its name up to the first dot.
#[must_use]
pub fn stream(subscriber: &str) -> StreamId {
    let service = subscriber.split('.').next().unwrap_or_default();
    StreamId::new(CATEGORY, service).expect("a subscriber's name is a stream's id")
}

/// An entry that was decided about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) entry: SetAside,
    /// The first event of its stream that is to be taken.
    pub(crate) from: Version,
    /// The last one, where the others do not wait.
    through: Option<Version>,
}

impl Due {
    /// The events that are to be taken, out of those of the stream.
    pub(crate) fn of(&self, mut events: Vec<Arc<Recorded>>) -> Vec<Arc<Recorded>> {
        let through = self.through.unwrap_or(Version(u64::MAX));
        events.retain(|event| self.from <= event.version && event.version <= through);
        events
    }
}

/// What is recorded about inboxes; none if it is of an unknown type, or cannot be read: that decides nothing, and the entry waits for another
/// decision. In front of what only a newer version reads a subscriber stops: it may decide anything.
pub(crate) fn recorded(event: &Recorded) -> Result<Option<&InboxEvent>, Newer> {
    match InboxEvent::read(event).map_err(Unfit::from) {
        Ok(event) => Ok(Some(event)),
        Err(Unfit::Foreign(_)) => Ok(None),
        Err(Unfit::Newer(what)) => Err(Newer { position: event.position, what }),
        Err(Unfit::Broken(reason)) => {
            tracing::error!(position = %event.position, reason, "a decision about an inbox cannot be read, so it decides nothing");
            Ok(None)
        }
    }
}

/// The position of the entry that a recorded decision is about, and whether its event is skipped; none if it is not about that
/// subscriber's.
pub(crate) fn decision(
    subscriber: &str,
    event: &Recorded,
) -> Result<Option<(Position, bool)>, Newer> {
    Ok(match recorded(event)? {
        Some(InboxEvent::Retried { subscriber: whose, position }) if whose == subscriber => {
            Some((Position(*position), false))
        }
        Some(InboxEvent::Skipped { subscriber: whose, position, .. }) if whose == subscriber => {
            Some((Position(*position), true))
        }
        _ => None,
    })
}

/// The inbox of a subscriber that notes its entries in a database.
#[derive(Debug)]
pub struct Inbox {
    subscriber: String,
    decisions: StreamId,
    ordered: bool,
    entries: BTreeMap<Position, SetAside>,
    /// The streams of the entries: a defect may fill an inbox, and every event is looked up here.
    streams: HashSet<StreamId>,
}

impl Inbox {
    /// Of that subscriber, with these entries. Unless it is `ordered`, only the events themselves are set aside.
    #[must_use]
    pub fn new(subscriber: &str, ordered: bool, entries: Vec<SetAside>) -> Self {
        let mut inbox = Self {
            subscriber: subscriber.to_owned(),
            decisions: stream(subscriber),
            ordered,
            entries: BTreeMap::new(),
            streams: HashSet::new(),
        };
        for entry in entries {
            inbox.park(entry);
        }
        inbox
    }

    /// Its entries, in the order of the log.
    #[must_use]
    pub fn entries(&self) -> Vec<SetAside> {
        self.entries.values().cloned().collect()
    }

    /// How many entries it has.
    pub(crate) fn count(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Whether an event waits for an earlier one of its stream.
    pub(crate) fn holds(&self, event: &Recorded) -> bool {
        self.ordered && self.streams.contains(&event.stream)
    }

    pub(crate) fn park(&mut self, entry: SetAside) {
        self.streams.insert(entry.stream.clone());
        self.entries.insert(entry.position, entry);
    }

    pub(crate) fn close(&mut self, entry: &SetAside) {
        self.entries.remove(&entry.position);
        self.streams.remove(&entry.stream);
    }

    /// Whether an event may be a decision about an entry.
    pub(crate) fn is_decision(&self, event: &Recorded) -> bool {
        event.stream == self.decisions
    }

    /// The entry that an event decides about, if there is one.
    pub(crate) fn decided(&self, event: &Recorded) -> Result<Option<Due>, Newer> {
        let Some((position, skipped)) = decision(&self.subscriber, event)? else { return Ok(None) };
        Ok(self.entries.get(&position).map(|entry| Due {
            entry: entry.clone(),
            from: if skipped { entry.version.next() } else { entry.version },
            through: (!self.ordered).then_some(entry.version),
        }))
    }
}

/// Where the events are that wait.
#[async_trait]
pub trait Waiting: Send {
    /// An event is set aside, or waits.
    fn keep(&mut self, event: &Arc<Recorded>);

    /// The events of a stream from a version on that are recorded before a position, in order.
    async fn events(
        &mut self,
        stream: &StreamId,
        from: Version,
        before: Position,
    ) -> Vec<Arc<Recorded>>;
}

/// In the log, from where they are read again.
#[async_trait]
impl Waiting for EventStore {
    fn keep(&mut self, _event: &Arc<Recorded>) {}

    async fn events(
        &mut self,
        stream: &StreamId,
        mut from: Version,
        before: Position,
    ) -> Vec<Arc<Recorded>> {
        let mut events: Vec<Arc<Recorded>> = Vec::new();
        loop {
            let page = self.read(Read::Stream { stream: stream.clone(), from }).await;
            let end = page.end || page.events.is_empty();
            let read = page.events.into_iter().filter(|event| event.position < before);
            let known = events.len();
            events.extend(read);
            match events.last() {
                Some(last) if !end && events.len() > known => from = last.version.next(),
                _ => return events,
            }
        }
    }
}

/// In memory, for one that reads the log only once, from its beginning.
#[derive(Debug, Default)]
pub struct InMemory(BTreeMap<StreamId, Vec<Arc<Recorded>>>);

#[async_trait]
impl Waiting for InMemory {
    fn keep(&mut self, event: &Arc<Recorded>) {
        self.0.entry(event.stream.clone()).or_default().push(Arc::clone(event));
    }

    async fn events(
        &mut self,
        stream: &StreamId,
        from: Version,
        before: Position,
    ) -> Vec<Arc<Recorded>> {
        let kept = self.0.get(stream).into_iter().flatten();
        kept.filter(|event| event.version >= from && event.position < before).cloned().collect()
    }
}
