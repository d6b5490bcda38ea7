//! Which schemas of events this program reads, and which ones are recorded now.
//!
//! Instances of two versions may run side by side. Each records what all of them read: the log says so, see [`upgrade`](crate::upgrade).

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

use crate::{inbox::InboxEvent, upgrade_event::UpgradeEvent};

/// The newest schema number by event type. A type that is not in it has number 1.
pub type Newest = BTreeMap<String, u32>;

/// What this program reads, and what is recorded now. Cheap to clone.
///
/// The default reads and records every event as its family declares it: that of a system whose processes are always of one version.
#[derive(Clone, Debug, Default)]
pub struct Schemas(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    reads: Newest,
    /// Nothing until it was read from the log.
    recorded: watch::Sender<Option<Newest>>,
}

/// A schema that the log holds, and this program does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The event's type.
    pub kind: String,
    /// The number that is recorded.
    pub schema: u32,
    /// The number up to which this program reads.
    pub reads: u32,
}

impl Schemas {
    /// Of a program that reads these types up to these numbers, and what is recorded of inboxes and upgrades as this version does. Nothing is
    /// recorded before [`Self::record`].
    pub fn of<'a>(types: impl IntoIterator<Item = (&'a str, u32)>) -> Self {
        let own = InboxEvent::TYPES.iter().chain(UpgradeEvent::TYPES).copied();
        let all = own.map(|(kind, newest)| (kind.to_owned(), newest));
        let all = all.chain(types.into_iter().map(|(kind, newest)| (kind.to_owned(), newest)));
        let mut reads: Newest = all.collect();
        reads.retain(|_, newest| *newest > 1);
        Self(Some(Arc::new(Inner { reads, recorded: watch::Sender::new(None) })))
    }

    /// What this program reads: the types with a number above 1.
    #[must_use]
    pub fn reads(&self) -> Newest {
        self.0.as_ref().map(|inner| inner.reads.clone()).unwrap_or_default()
    }

    /// What an instance announces: the same, and that it knows of upgrades. Releases from before there were any announce nothing.
    #[must_use]
    pub fn announced(&self) -> Newest {
        let mut announced = self.reads();
        if self.0.is_some() {
            for (kind, newest) in UpgradeEvent::TYPES {
                announced.entry((*kind).to_owned()).or_insert(*newest);
            }
        }
        announced
    }

    /// From now on these are recorded.
    pub fn record(&self, newest: Newest) {
        if let Some(inner) = &self.0 {
            inner.recorded.send_replace(Some(newest));
        }
    }

    /// The newest schema in which events of a type may be recorded now.
    #[must_use]
    pub fn newest(&self, kind: &str) -> u32 {
        let Some(inner) = &self.0 else { return u32::MAX };
        inner.recorded.borrow().as_ref().map_or(1, |recorded| number(recorded, kind))
    }

    /// Waits until it is known what is recorded.
    pub async fn known(&self) {
        if let Some(inner) = &self.0 {
            // The sender lives as long as this.
            drop(inner.recorded.subscribe().wait_for(Option::is_some).await);
        }
    }

    /// Whether everything that this program reads may be recorded.
    #[must_use]
    pub fn records_all(&self) -> bool {
        let Some(inner) = &self.0 else { return true };
        inner.reads.iter().all(|(kind, newest)| self.newest(kind) >= *newest)
    }

    /// What this program does not read of `recorded`, if there is anything.
    #[must_use]
    pub fn unread(&self, recorded: &Newest) -> Option<Unread> {
        let inner = self.0.as_ref()?;
        recorded.iter().find_map(|(kind, schema)| {
            let reads = number(&inner.reads, kind);
            (reads < *schema).then(|| Unread { kind: kind.clone(), schema: *schema, reads })
        })
    }
}

/// The number of a type.
#[must_use]
pub fn number(newest: &Newest, kind: &str) -> u32 {
    newest.get(kind).copied().unwrap_or(1)
}
