//! What all parts of a process share.

use std::sync::Arc;

use ::store::Transport;
use kernel::{Clock, Ids};

use crate::{EventStore, Progress, Tasks, Traces};

/// The surroundings of a part of a system: time, ids, the bus and its tasks. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<Ids>,
    pub transport: Arc<dyn Transport>,
    pub tasks: Tasks,
    /// Where work is traced.
    pub traces: Traces,
}

impl Deps {
    /// The event store, over the bus.
    #[must_use]
    pub fn store(&self) -> EventStore {
        EventStore::new(Arc::clone(&self.transport)).within(self.tasks.clone())
    }

    /// The progress of a subscriber.
    #[must_use]
    pub fn progress(&self, name: &str) -> Progress {
        Progress::new(name, Arc::clone(&self.clock))
    }
}
