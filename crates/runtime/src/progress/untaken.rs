//! The events that a subscriber did not take: set aside, passed over, or waited in front of.

use std::{sync::atomic::Ordering, time::Duration};

use super::Progress;
use crate::{EventStore, Newer, SetAside};

/// The cause under which an event of a newer version is reported.
pub(crate) const NEWER: &str = "newer";
/// The pause between two looks at the log's head by a subscriber that has stopped.
const STOPPED: Duration = Duration::from_secs(1);

impl Progress {
    /// Events that it could not apply: they changed nothing, and later events were applied.
    #[must_use]
    pub fn aside(&self) -> u64 {
        self.0.aside.load(Ordering::Relaxed)
    }

    /// Events since the start that say nothing to it, such as those of a type that it does not know: they were passed over.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        self.0.foreign.load(Ordering::Relaxed)
    }

    /// An event says nothing to it.
    pub(crate) fn passes_over(&self, event: &SetAside) {
        self.0.foreign.fetch_add(1, Ordering::Relaxed);
        let SetAside { position, reason } = event;
        tracing::warn!(name = self.0.name, %position, reason, "passed over an event");
    }

    /// Only a newer version of the program reads the next event: it has stopped, until [`Self::recovered`] is called with [`NEWER`].
    pub(crate) fn stops_before(&self, newer: &Newer) {
        self.failed();
        self.followed(newer.before());
        self.failing(NEWER, newer.explained());
    }

    /// So many events are set aside in its model.
    pub(crate) fn has_aside(&self, events: usize) {
        self.0.aside.store(events as u64, Ordering::Relaxed);
    }

    /// One more event is set aside.
    pub(crate) fn sets_aside(&self, event: &SetAside) {
        self.0.aside.fetch_add(1, Ordering::Relaxed);
        tracing::error!(
            name = self.0.name,
            position = %event.position,
            reason = event.reason,
            "set an event aside that cannot be applied; everything else continues"
        );
    }

    /// While it has stopped: notes how far behind it is. Never returns.
    pub(crate) async fn falls_behind(&self, store: &EventStore) {
        loop {
            self.saw(store.head().await);
            tokio::time::sleep(STOPPED).await;
        }
    }
}
