//! What every service is given.

use std::sync::Arc;

use bus::Transport;
use kernel::{Clock, Ids};

use crate::{EventStore, Tasks};

/// The world of a service: everything it may touch outside itself. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<Ids>,
    pub transport: Arc<dyn Transport>,
    pub tasks: Tasks,
}

impl Deps {
    /// The event store, over the bus.
    #[must_use]
    pub fn store(&self) -> EventStore {
        EventStore::new(Arc::clone(&self.transport))
    }
}
