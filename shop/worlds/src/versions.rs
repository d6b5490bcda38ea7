//! Two versions of every service in one world: the older one does not know the channel of an order, and the newer one's read models have
//! another number.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use ::faults::Outdated;
use contracts::order::OrderEvent;
use kernel::{Position, Recorded};
use runtime::{
    Schemas, Upgrade, upgrade,
    upgrade::{CATEGORY, Ends, Finished, Others},
};
use store::Address;
use web::{Service, ServiceDeps};

use crate::bug::PlantedBug;

/// One world in so many has two versions.
const SHARE: u64 = 3;
/// What is installed on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Older,
    /// The older one, whose announcements arrive nowhere.
    CutOff,
    Newer,
}

/// What is installed where, by the names of the instances.
pub(crate) struct Versions {
    installed: RefCell<BTreeMap<String, Program>>,
    is_heedless: bool,
}

impl Versions {
    /// Of the world, if it has two.
    pub(crate) fn of(seed: u64, bug: Option<PlantedBug>) -> Option<Self> {
        let is_heedless = bug == Some(PlantedBug::IgnoredSchema);
        let has_two = is_heedless || seed % SHARE == SHARE - 1;
        has_two.then(|| Self { installed: RefCell::default(), is_heedless })
    }

    pub(crate) fn program(&self, instance: &str) -> Program {
        self.installed.borrow().get(instance).copied().unwrap_or(Program::Older)
    }

    pub(crate) fn install(&self, instance: &str, program: Program) {
        self.installed.borrow_mut().insert(instance.to_owned(), program);
    }

    /// Makes an instance, which starts, of the version that is installed. An older one that is refused is replaced, as the refusal says.
    pub(crate) async fn begin(&self, instance: &str, deps: &mut ServiceDeps) {
        if self.program(instance) != Program::Newer {
            let mut older = deps.clone();
            let outdated = Outdated::reading(OrderEvent::PLACED, 1);
            let outdated = Outdated { is_heedless: self.is_heedless, ..outdated };
            outdated.becomes(&mut older.base, contracts::types());
            if Finished::of(&older.store().read(upgrade::last()).await).apply(&older).is_ok() {
                *deps = older;
                return;
            }
            self.install(instance, Program::Newer);
        }
        deps.base.schemas = Schemas::of(contracts::types());
        upgrade::follow(deps);
    }

    /// Announces an instance, unless it is cut off.
    pub(crate) fn announce(&self, instance: &str, deps: &ServiceDeps, service: &Service) {
        if self.program(instance) != Program::CutOff {
            let number = deps.ids.uuid(deps.clock.now());
            service.announce(deps, format!("{instance}-{number}"), Address::Local);
        }
    }

    /// Ends upgrades beside an event store.
    pub(crate) async fn follow(&self, deps: &mut ServiceDeps) {
        deps.base.schemas = Schemas::of(contracts::types());
        let upgrade = Upgrade::new(deps, "newer", Others::OnTheBus, Ends::ByItself);
        upgrade.begin().await.expect("it ends later");
    }
}

/// Where the upgrade is finished in a log, if it is.
pub(crate) fn finished(events: &[Arc<Recorded>]) -> Option<Position> {
    let end = events.iter().find(|event| event.stream.category() == CATEGORY);
    end.map(|event| event.position)
}

/// The events that were recorded under a schema which not every instance was known to read.
pub(crate) fn too_early(events: &[Arc<Recorded>]) -> impl Iterator<Item = &Arc<Recorded>> {
    let end = finished(events).unwrap_or(Position(u64::MAX));
    events.iter().filter(move |event| {
        let is_newer = event.kind.as_str() == OrderEvent::PLACED && event.schema > 1;
        is_newer && event.position < end
    })
}
