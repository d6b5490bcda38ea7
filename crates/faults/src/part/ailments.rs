//! What can be wrong with a part while it runs: it is frozen or slow, its clock is wrong, or it is of an older version.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use kernel::sync;
use runtime::Tasks;
use web::ServiceDeps;

use super::Part;
use crate::{Freezer, Outdated, OutdatedBus, Skew, SkewedClock, SlowBus, Slowness};

/// What is wrong with a part; nothing at first.
#[derive(Default)]
pub(super) struct Ailments {
    pub(super) freezer: Freezer,
    pub(super) slowness: Slowness,
    skew: Skew,
    /// The tasks of each name by themselves.
    held: Arc<Mutex<BTreeMap<&'static str, Freezer>>>,
    outdated: Mutex<Option<Outdated>>,
}

impl Ailments {
    /// The tasks of one run of the part, among those of its process.
    pub(super) fn tasks(&self, process: &Tasks) -> Tasks {
        let (freezer, held) = (self.freezer.clone(), Arc::clone(&self.held));
        process.child().around(move |name, work| {
            let held = sync::lock(&held).entry(name).or_default().clone();
            freezer.around(held.around(work))
        })
    }

    /// What the part is given in that run.
    pub(super) fn deps(&self, process: &ServiceDeps, tasks: &Tasks) -> ServiceDeps {
        let mut deps = process.clone();
        if let Some(outdated) = sync::lock(&self.outdated).clone() {
            let bus = Arc::clone(&deps.transport);
            deps.base.transport = Arc::new(OutdatedBus::new(bus, outdated, tasks.clone()));
        }
        let (bus, clock) = (Arc::clone(&deps.transport), Arc::clone(&deps.clock));
        deps.base.transport = Arc::new(SlowBus::new(bus, self.slowness.clone()));
        deps.base.clock = Arc::new(SkewedClock::new(clock, self.skew.clone()));
        deps.http.clock = Arc::clone(&deps.clock);
        deps.base.tasks = tasks.clone();
        deps
    }
}

impl Part {
    /// How long it takes over each event.
    #[must_use]
    pub fn slowness(&self) -> &Slowness {
        &self.0.ailments.slowness
    }

    /// How wrong its clock is.
    #[must_use]
    pub fn skew(&self) -> &Skew {
        &self.0.ailments.skew
    }

    /// Freezes it, as SIGSTOP does: no task of it goes beyond the await it has reached, and it answers nothing.
    pub fn freeze(&self) {
        if self.running().is_some() {
            self.0.ailments.freezer.freeze();
        }
    }

    /// Freezes its tasks of that name; everything else of it continues.
    pub fn hold(&self, task: &'static str) {
        sync::lock(&self.0.ailments.held).entry(task).or_default().freeze();
    }

    /// Lets it continue.
    pub fn thaw(&self) {
        self.0.ailments.freezer.thaw();
        let held: Vec<_> = sync::lock(&self.0.ailments.held).values().cloned().collect();
        held.iter().for_each(Freezer::thaw);
    }

    /// Whether some of its tasks are frozen while others continue.
    #[must_use]
    pub fn is_held(&self) -> bool {
        sync::lock(&self.0.ailments.held).values().any(Freezer::is_frozen)
    }

    /// Starts it again as an instance of another version: an older one, or its own.
    pub async fn becomes(&self, outdated: Option<Outdated>) -> Result<(), String> {
        *sync::lock(&self.0.ailments.outdated) = outdated;
        self.kill().await;
        self.start().await
    }

    /// Whether it is of an older version.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        sync::lock(&self.0.ailments.outdated).is_some()
    }
}
