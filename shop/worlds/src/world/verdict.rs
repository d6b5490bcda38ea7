//! The end of a world: checks what is recorded against the promises.

use std::{collections::BTreeSet, sync::Arc};

use contracts::{customer::CustomerEvent, order::OrderEvent, product::ProductEvent};
use kernel::{Clock as _, Recorded, Timestamp};
use promises::Checker;
use uuid::Uuid;

use super::{Report, World};
use crate::{faults::Fault, parts::rebuilt, shoppers::People, stories, versions};

impl World {
    /// The promises, held against what is recorded; what was forged is there and proves nothing.
    pub(super) fn checked(&self, events: &[Arc<Recorded>]) -> Checker {
        let forged = self.environment.forged.borrow();
        let mut checker = Checker::default();
        for event in events {
            if forged.contains(&event.id) {
                checker.take_forged(event);
            } else {
                checker.take(event);
            }
        }
        checker
    }

    /// Without a wrong clock events have the times of their order; and once the clocks are right, the right ones.
    pub(super) fn check_dates(&mut self, events: &[Arc<Recorded>]) {
        let wrong = self.tally.of(Fault::ClockAhead) + self.tally.of(Fault::ClockBehind);
        let (calm, since) = self.calm_since;
        let (mut last, now) = (Timestamp::default(), self.environment.clock.now());
        for (index, event) in events.iter().enumerate() {
            if wrong == 0 && event.time < last {
                self.violations
                    .push(format!("{} is dated before the event before it", event.position));
            }
            last = event.time;
            if index >= calm && (event.time < since || event.time > now) {
                self.violations.push(format!(
                    "{} is dated {} between {since} and {now}, when the clocks were right",
                    event.position, event.time
                ));
            }
        }
    }

    /// What the guest promises, held against what is recorded.
    fn check_guest(&mut self, events: &[Arc<Recorded>]) {
        let Some(guest) = self.scenario.guest else { return };
        let (mut promise, forged) = ((guest.promise)(), self.environment.forged.borrow());
        events
            .iter()
            .filter(|event| !forged.contains(&event.id))
            .for_each(|event| promise.take(event));
        self.violations.extend(promise.finish());
    }

    /// Newer schemas are recorded once the upgrade is finished.
    fn check_schemas(&mut self, events: &[Arc<Recorded>]) {
        if self.environment.versions.is_none() {
            return;
        }
        let forged = self.environment.forged.borrow();
        let early = versions::too_early(events).filter(|event| !forged.contains(&event.id));
        self.violations.extend(early.map(|event| {
            format!("{} has a schema that not every instance reads (promise 12)", event.position)
        }));
    }

    /// What people are shown of each order, held against what is recorded.
    fn check_stories(&mut self, events: &[Arc<Recorded>]) {
        let forged = self.environment.forged.borrow();
        self.violations.extend(stories::check(events, |event| forged.contains(&event.id)));
    }

    pub(super) async fn judge(mut self, people: &People) -> Report {
        let events = self.events().await;
        let checker = self.checked(&events);
        self.check_dates(&events);
        let told = people.told.take();
        for order in told.orders.iter().filter(|order| !checker.has_order(**order)) {
            self.violations
                .push(format!("order {order} was acknowledged and is not recorded (promise 1)"));
        }
        for position in told.positions.iter().filter(|position| **position > checker.position().0) {
            self.violations.push(format!(
                "position {position} was acknowledged and is not recorded (promise 1)"
            ));
        }
        self.violations.extend(told.wrong.iter().cloned());
        self.check_refused(&events, &told.refused);
        self.count_late_answers(&events);
        self.check_guest(&events);
        self.check_schemas(&events);
        self.check_stories(&events);
        self.check_models(&events).await;
        let (finalized, denied) = checker.ends();
        let position = checker.position();
        self.violations.extend(checker.finish());
        let fingerprint = self.fingerprint();
        let instances = self.instances.take();
        for (_, instance) in instances {
            instance.kill().await;
        }
        let store = self.store.borrow_mut().take();
        if let Some(store) = store {
            store.kill().await;
        }
        Report {
            seed: self.scenario.seed,
            tally: self.tally,
            violations: self.violations,
            events: position.0,
            finalized,
            denied,
            fingerprint,
        }
    }

    /// A refused order leaves no trace.
    fn check_refused(&mut self, events: &[Arc<Recorded>], refused: &BTreeSet<Uuid>) {
        self.tally.add(Fault::OrderRefused, refused.len() as u64);
        for event in events.iter().filter(|event| refused.contains(&event.metadata.correlation)) {
            let (kind, position) = (event.kind.as_str(), event.position);
            let what = format!("{kind} at {position} is of a refused order (promise 11)");
            self.violations.push(what);
        }
    }

    /// Counts answers that came after their order was denied.
    fn count_late_answers(&self, events: &[Arc<Recorded>]) {
        let mut denied = BTreeSet::new();
        for event in events {
            let order = serde_json::from_str::<OfOrder>(event.data.get()).map(|data| data.order);
            match (event.kind.as_str(), order) {
                (OrderEvent::DENIED, Ok(order)) => {
                    denied.insert(order);
                }
                (
                    ProductEvent::STOCK_RESERVED
                    | ProductEvent::STOCK_DENIED
                    | CustomerEvent::CREDIT_RESERVED
                    | CustomerEvent::CREDIT_DENIED,
                    Ok(order),
                ) if denied.contains(&order) => {
                    self.tally.count(Fault::LateAnswer);
                }
                _ => {}
            }
        }
    }

    /// Every live model equals one rebuilt from the log (promise 8).
    async fn check_models(&mut self, events: &[Arc<Recorded>]) {
        let models: Vec<(String, &'static str, _)> = self
            .instances
            .borrow()
            .iter()
            .filter_map(|(name, instance)| {
                Some((name.clone(), instance.service.name, instance.service.model.clone()?))
            })
            .collect();
        for (name, service, model) in models {
            let live = model.dump_at().await.expect("a model in memory can be read").1;
            let fresh = rebuilt(&self.environment, service, events).await;
            if live != fresh {
                let differs = live.iter().zip(&fresh).find(|(live, fresh)| live != fresh);
                self.violations.push(format!(
                    "the model of {name} differs from a rebuilt one (promise 8): {} and {} lines, first {differs:?}",
                    live.len(),
                    fresh.len()
                ));
            }
        }
    }

    fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for (path, bytes) in self.environment.disk.contents() {
            hasher.update(path.as_os_str().as_encoded_bytes());
            hasher.update(&bytes);
        }
        *hasher.finalize().as_bytes()
    }
}

/// Events about an order name it.
#[derive(serde::Deserialize)]
struct OfOrder {
    order: Uuid,
}
