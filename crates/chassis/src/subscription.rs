//! The whole log as one ordered sequence, whatever the bus does to it.
//!
//! ```text
//!            ┌── behind ──▶ read a page from the store ──┐
//!  position ─┤                                           ├─▶ events position+1, +2, … without gap or repeat
//!            └── live ────▶ hear the bus ────────────────┘
//!                 gap, lost, or a head beyond us ──▶ behind
//! ```

use std::sync::Arc;

use bus::{Heard, Message, Read, Topic};
use kernel::{Position, Recorded};

use crate::EventStore;

/// Events handed over at once: enough to share a transaction among, few enough to answer soon.
const EVENTS_MAX: usize = 1000;

/// A cursor over the log: one subscriber's place in it.
#[derive(Debug)]
pub struct Subscription {
    store: EventStore,
    live: bus::Subscription,
    position: Position,
    head: Position,
    behind: bool,
    categories: Vec<String>,
}

impl Subscription {
    /// A subscription that hands over the events after `checkpoint`.
    pub async fn open(store: &EventStore, checkpoint: Position) -> Self {
        Self::of_categories(store, checkpoint, Vec::new()).await
    }

    /// A subscription that may leave out what is not of `categories` when it reads history; live events come all.
    pub async fn of_categories(
        store: &EventStore,
        checkpoint: Position,
        categories: Vec<String>,
    ) -> Self {
        let live = store.transport().subscribe(Topic::Log).await;
        Self {
            store: store.clone(),
            live,
            position: checkpoint,
            head: checkpoint,
            behind: true,
            categories,
        }
    }

    /// The next events, at least one; empty only when nothing of the categories was in what was passed over, or when the bus is
    /// gone. Everything up to [`Subscription::position`] has been handed over then. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Vec<Arc<Recorded>> {
        loop {
            if self.behind {
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

    /// Learns where the log ends, so that an empty or fully read one counts as caught up.
    pub async fn look(&mut self) {
        self.head = self.head.max(self.store.head().await);
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
        let read = Read::All { from: self.position.next(), categories: self.categories.clone() };
        let page = self.store.read(read).await;
        self.head = self.head.max(page.head);
        let passed = Position(page.next.0.saturating_sub(1));
        // A page may be full just where the log ends.
        self.behind = !page.end && passed < self.head;
        if passed <= self.position {
            return None;
        }
        self.position = passed;
        Some(page.events)
    }

    fn hear(&mut self, heard: Heard, events: &mut Vec<Arc<Recorded>>) {
        match heard {
            Heard::Lost => self.behind = true,
            // A hint to look: only the store itself knows its head, and anything on the bus may be wrong.
            Heard::Message(Message::Head(head)) => self.behind |= head > self.position,
            Heard::Message(Message::Recorded(batch)) => {
                for event in batch.iter() {
                    self.head = self.head.max(event.position);
                    if event.position == self.position.next() {
                        self.position = event.position;
                        events.push(Arc::clone(event));
                    } else if event.position > self.position {
                        self.behind = true;
                        return;
                    }
                }
            }
            Heard::Message(Message::Service(_)) => {}
        }
    }
}
