//! What a world recorded, for those that show it to people.

use std::collections::BTreeMap;

use contracts::rest::{events::RecordedEvent, order::Step};
use kernel::Recorded;
use uuid::Uuid;

use super::{Scenario, World, in_time_of_its_own};
use crate::stories;

/// What a world recorded, to be held against what people are shown of it.
#[derive(Debug)]
pub struct Recordings {
    /// Without what was forged.
    pub events: Vec<RecordedEvent>,
    /// The steps of each order, but for those that a forger wrote about.
    pub orders: BTreeMap<Uuid, Vec<Step>>,
}

/// Runs a world to its end, on this thread; what it recorded.
#[must_use]
pub fn recordings(scenario: Scenario) -> Recordings {
    in_time_of_its_own(async {
        let (world, people) = World::lived(scenario).await;
        let recorded = world.events().await;
        let forged = world.environment.forged.borrow().clone();
        let is_forged = |event: &Recorded| forged.contains(&event.id);
        let orders = stories::orders(&recorded, is_forged);
        let own = recorded.iter().filter(|event| !is_forged(event));
        let events = own.map(|event| events::shown(event)).collect();
        // Ends it.
        let _report = world.judge(&people).await;
        Recordings { events, orders }
    })
}
