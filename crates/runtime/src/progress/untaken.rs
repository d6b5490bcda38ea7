//! The events that a subscriber did not take: set aside, passed over, or waited in front of.

use std::{sync::atomic::Ordering, time::Duration};

use kernel::sync;

use super::Progress;
use crate::{EventStore, Newer, SetAside};

/// The cause under which an event of a newer version is reported.
pub(crate) const NEWER: &str = "newer";
/// The pause between two looks at the log's head by a subscriber that has stopped.
const STOPPED: Duration = Duration::from_secs(1);

impl Progress {
    /// How many entries its inbox has.
    #[must_use]
    pub fn set_aside_count(&self) -> u64 {
        sync::lock(&self.0.aside).len() as u64
    }

    /// The entries of its [inbox](crate::inbox), in the order of the log.
    #[must_use]
    pub fn inbox(&self) -> Vec<SetAside> {
        sync::lock(&self.0.aside).clone()
    }

    /// Events since the start that say nothing to it, such as those of a type that it does not know: they were passed over.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        self.0.foreign.load(Ordering::Relaxed)
    }

    /// An event says nothing to it.
    pub(crate) fn passes_over(&self, event: &SetAside) {
        self.0.foreign.fetch_add(1, Ordering::Relaxed);
        let SetAside { position, reason, .. } = event;
        tracing::warn!(name = self.0.name, %position, reason, "passed over an event");
    }

    /// Only a newer version of the program reads the next event: it has stopped, until [`Self::recovered`] is called with [`NEWER`].
    pub(crate) fn stops_before(&self, newer: &Newer) {
        self.failed();
        self.followed(newer.before());
        self.failing(NEWER, newer.explained());
    }

    /// Its inbox has these entries.
    pub(crate) fn has_aside(&self, entries: Vec<SetAside>) {
        *sync::lock(&self.0.aside) = entries;
    }

    /// One more event is set aside.
    pub(crate) fn sets_aside(&self, event: &SetAside) {
        let SetAside { position, stream, reason, .. } = event;
        tracing::error!(
            name = self.0.name,
            %position,
            %stream,
            reason,
            "set an event aside that cannot be applied; later events of its stream wait, everything else continues"
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
