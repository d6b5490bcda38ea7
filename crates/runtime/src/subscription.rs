//! Catch-up subscription: the whole log as one ordered sequence without gaps, whatever the bus loses or repeats.
//!
//! ```text
//!            ┌── behind ──▶ read a page from the store ──┐
//!  position ─┤                                           ├─▶ events position+1, +2, … without gap or repeat
//!            └── live ────▶ hear the bus ────────────────┘
//!                 gap, lost, or another head than ours ──▶ behind
//! ```
//!
//! Every page begins with the last event that was delivered. If the store has another one there, or ends before it, its history was
//! replaced (a restored backup, another folder): nothing more is delivered, and the process ends.

use std::{fmt, sync::Arc, time::Duration};

use kernel::{EventId, Position, Recorded};
use store::{Heard, Message, Page, Read, Topic};

use crate::EventStore;

/// Events handed over at once: enough to share a transaction among, few enough to answer soon.
const EVENTS_MAX: usize = 1000;
/// Bytes from which on no more pages are gathered.
const BYTES_MAX: usize = 4 << 20;
/// Looks at a log that seems to be another one before that is believed, and the pause between two: a server of a database that has
/// just taken over may not know at once how far it goes.
const LOOKS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A cursor over the log: one subscriber's place in it.
#[derive(Debug)]
pub struct Subscription {
    store: EventStore,
    live: store::Receiver,
    position: Position,
    head: Position,
    behind: bool,
    /// The last event that was handed over, by which the log is recognised.
    seen: Option<(Position, EventId)>,
}

/// How the store's history differs from what was handed over.
#[derive(Clone, Copy, Debug)]
enum Replaced {
    Shorter { position: Position, head: Position },
    Other { position: Position },
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter { position, head } => write!(
                f,
                "this process has seen events up to position {position}, but the log now ends at {head}: it has lost events, was \
                 restored from an older backup, or belongs to another system"
            ),
            Self::Other { position } => write!(
                f,
                "the log now has another event at position {position} than this process has seen there: it was restored from an older \
                 backup and has grown since, or belongs to another system"
            ),
        }
    }
}

impl Subscription {
    /// A subscription that hands over the events after `checkpoint`.
    pub async fn open(store: &EventStore, checkpoint: Position) -> Self {
        let live = store.transport().subscribe(Topic::Log).await;
        Self {
            store: store.clone(),
            live,
            position: checkpoint,
            head: checkpoint,
            behind: true,
            seen: None,
        }
    }

    /// The next events, at least one. Everything up to [`Subscription::position`] has been handed over then. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Vec<Arc<Recorded>> {
        loop {
            if self.behind {
                // What has come so far is in the store, which is read next.
                while self.live.try_next().is_some() {}
                if let Some(events) = self.read_on().await {
                    return events;
                }
                continue;
            }
            let Some(heard) = self.live.next().await else {
                // The transport is gone, and with it the process.
                return std::future::pending().await;
            };
            let mut events = Vec::new();
            self.hear(heard, &mut events);
            while !self.behind && events.len() < EVENTS_MAX {
                let Some(heard) = self.live.try_next() else { break };
                self.hear(heard, &mut events);
            }
            if !events.is_empty() {
                return events;
            }
        }
    }

    /// The next events, at least one, and while it is behind so many pages together that there are `count` events or 4 MiB: a transaction
    /// over several pages costs less than one for each. What was gathered is lost with a dropped future: open another subscription then.
    pub async fn next_many(&mut self, count: usize) -> Vec<Arc<Recorded>> {
        let mut events = self.next().await;
        let size = |events: &[Arc<Recorded>]| events.iter().map(|event| event.size_bytes()).sum();
        let mut bytes: usize = size(&events);
        while self.behind && events.len() < count && bytes < BYTES_MAX {
            let page = self.read_on().await.unwrap_or_default();
            bytes += size(&page);
            events.extend(page);
        }
        events
    }

    /// Learns where the log ends, so that an empty or fully read one counts as caught up.
    pub async fn look(&mut self) {
        let mut head = self.store.head().await;
        if head <= self.position && self.position > Position::START {
            // Nothing to hand over, but something to recognise the log by from now on.
            head = self.page().await.head;
        }
        self.head = self.head.max(head);
        self.behind = self.head > self.position;
    }

    /// The position up to which everything has been handed over.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The last position of the log, as far as is known here.
    #[must_use]
    pub fn head(&self) -> Position {
        self.head
    }

    /// Whether everything known to be recorded has been handed over.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        !self.behind && self.position >= self.head
    }

    async fn read_on(&mut self) -> Option<Vec<Arc<Recorded>>> {
        let Page { mut events, head, next, end } = self.page().await;
        self.head = self.head.max(head);
        let passed = Position(next.0.saturating_sub(1));
        // A page may be full just where the log ends.
        self.behind = !end && passed < self.head;
        if passed <= self.position {
            return None;
        }
        events.retain(|event| event.position > self.position);
        self.position = passed;
        if let Some(last) = events.last() {
            self.saw(last);
        }
        Some(events)
    }

    /// The next page, once the store is known to have what was handed over.
    async fn page(&mut self) -> Page {
        let from = self.seen.map_or(self.position, |(position, _)| position).max(Position(1));
        let mut looks = 0;
        let page = loop {
            let page = self.read_from(from).await;
            let Err(replaced) = self.recognise(&page) else { break page };
            looks += 1;
            if looks == LOOKS {
                match self.store.lost(replaced).await {}
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        let is_new = page.next > self.position.next();
        // A large event can fill a page alone.
        if is_new || page.end { page } else { self.read_from(self.position.next()).await }
    }

    async fn read_from(&self, from: Position) -> Page {
        self.store.read(Read::All { from, categories: Vec::new() }).await
    }

    fn recognise(&mut self, page: &Page) -> Result<(), Replaced> {
        let position = self.position;
        if page.head < position {
            return Err(Replaced::Shorter { position, head: page.head });
        }
        let first = page.events.first();
        match self.seen {
            Some(seen) if first.map(|event| (event.position, event.id)) != Some(seen) => {
                Err(Replaced::Other { position: seen.0 })
            }
            Some(_) => Ok(()),
            None => {
                if let Some(event) = first.filter(|event| event.position == position) {
                    self.seen = Some((position, event.id));
                }
                Ok(())
            }
        }
    }

    fn is_other(&self, event: &Recorded) -> bool {
        self.seen.is_some_and(|(position, id)| position == event.position && id != event.id)
    }

    /// Remembers an event by which the log can be recognised.
    fn saw(&mut self, event: &Recorded) {
        self.seen = Some((event.position, event.id));
    }

    // ANCHOR: hear
    fn hear(&mut self, heard: Heard, events: &mut Vec<Arc<Recorded>>) {
        match heard {
            Heard::Lost => self.behind = true,
            // A hint to look: only the store itself knows its head, and anything on the bus may be wrong. An event store that has just
            // begun says 0.
            Heard::Message(Message::Head(head)) => self.behind |= head != self.position,
            Heard::Message(Message::Recorded(batch)) => {
                for event in batch.iter() {
                    self.head = self.head.max(event.position);
                    if event.position == self.position.next() {
                        self.position = event.position;
                        self.saw(event);
                        events.push(Arc::clone(event));
                    } else if event.position > self.position || self.is_other(event) {
                        self.behind = true;
                        return;
                    }
                }
            }
            Heard::Message(Message::Service(_)) => {}
        }
    }
    // ANCHOR_END: hear
}
