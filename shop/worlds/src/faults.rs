//! The faults of a world: how often each kind may happen, and how often it did.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use kernel::sync;
use testkit::BusFault;

/// Every kind of fault a world can suffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Bus(BusFault),
    SubscriberOverrun,
    ServiceKilled,
    ModelLost,
    SnapshotsLost,
    SecondInstance,
    EventStoreKilled,
    PowerLost,
    UnsyncedSectorsLost,
    PowerLostWhileWriting,
    SyncFailed,
    WriteFailed,
    DiskFull,
    ServiceAway,
    LateAnswer,
    ClockAhead,
    ClockBehind,
    UnreadableEvent,
    ForgedTwin,
    SecondBirth,
    PoisonedStream,
    Decided,
    LogShortened,
    StoreSlow,
    ServiceSlow,
    Overload,
    OrderRefused,
    VersionChanged,
    CutOff,
    NewerSchemaMet,
    UpgradedWhileShopping,
    ModelRebuilt,
    ModelSwitched,
    ModelDropped,
}

impl Fault {
    pub const ALL: [Self; 41] = [
        Self::Bus(BusFault::BroadcastLost),
        Self::Bus(BusFault::BroadcastRepeated),
        Self::Bus(BusFault::BroadcastDelayed),
        Self::Bus(BusFault::BroadcastReordered),
        Self::Bus(BusFault::RequestLost),
        Self::Bus(BusFault::ReplyLost),
        Self::Bus(BusFault::RequestRepeated),
        Self::Bus(BusFault::RequestDelayed),
        Self::SubscriberOverrun,
        Self::ServiceKilled,
        Self::ModelLost,
        Self::SnapshotsLost,
        Self::SecondInstance,
        Self::EventStoreKilled,
        Self::PowerLost,
        Self::UnsyncedSectorsLost,
        Self::PowerLostWhileWriting,
        Self::SyncFailed,
        Self::WriteFailed,
        Self::DiskFull,
        Self::ServiceAway,
        Self::LateAnswer,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::UnreadableEvent,
        Self::ForgedTwin,
        Self::SecondBirth,
        Self::PoisonedStream,
        Self::Decided,
        Self::LogShortened,
        Self::StoreSlow,
        Self::ServiceSlow,
        Self::Overload,
        Self::OrderRefused,
        Self::VersionChanged,
        Self::CutOff,
        Self::NewerSchemaMet,
        Self::UpgradedWhileShopping,
        Self::ModelRebuilt,
        Self::ModelSwitched,
        Self::ModelDropped,
    ];
}

/// How often each kind of fault happened. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Fault, u64>>>);

impl Tally {
    pub fn count(&self, fault: Fault) {
        self.add(fault, 1);
    }

    pub fn add(&self, fault: Fault, times: u64) {
        *sync::lock(&self.0).entry(fault).or_default() += times;
    }

    #[must_use]
    pub fn of(&self, fault: Fault) -> u64 {
        sync::lock(&self.0).get(&fault).copied().unwrap_or(0)
    }

    /// Adds what another world counted.
    pub fn merge(&self, other: &Self) {
        let other = sync::lock(&other.0).clone();
        for (fault, times) in other {
            self.add(fault, times);
        }
    }

    /// The kinds that never happened.
    #[must_use]
    pub fn missing(&self) -> Vec<Fault> {
        Fault::ALL.into_iter().filter(|fault| self.of(*fault) == 0).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fault::ALL.iter().try_for_each(|fault| {
            let name = match fault {
                Fault::Bus(fault) => format!("{fault:?}"),
                fault => format!("{fault:?}"),
            };
            writeln!(f, "{name:>24} {:>9}", self.of(*fault))
        })
    }
}
