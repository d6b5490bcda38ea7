//! What all parts of a process share.

use std::sync::Arc;

use ::store::Transport;
use kernel::{Clock, Event, EventType, Ids, Metadata, NewEvent};

use crate::{Budget, EventStore, Progress, Schemas, Tasks, Traces};

/// The surroundings of a part of a system: time, ids, the bus and its tasks. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws ids and random bytes.
    pub ids: Arc<Ids>,
    /// The bus, which leads to the event store.
    pub transport: Arc<dyn Transport>,
    /// Every task of the process.
    pub tasks: Tasks,
    /// Where work is traced.
    pub traces: Traces,
    /// What may be kept in memory.
    pub budget: Budget,
    /// Which schemas of events are read and recorded.
    pub schemas: Schemas,
}

impl Deps {
    /// The event store, over the bus.
    #[must_use]
    pub fn store(&self) -> EventStore {
        EventStore::new(Arc::clone(&self.transport)).within(self.tasks.clone())
    }

    /// An event to be recorded now, in the newest schema that every instance reads; none if it has no form that they read.
    #[must_use]
    pub fn new_event(&self, event: &impl Event, metadata: Metadata) -> Option<NewEvent> {
        let kind = event.kind();
        let (schema, data) = event.encode_for(self.schemas.newest(kind))?;
        let id = self.ids.event_id(self.clock.now());
        let kind = EventType::parse(kind).expect("a family's types are named well");
        Some(NewEvent { id, kind, schema, metadata, data })
    }

    /// The progress of a subscriber.
    #[must_use]
    pub fn progress(&self, name: &str) -> Progress {
        Progress::new(name, Arc::clone(&self.clock))
    }
}
