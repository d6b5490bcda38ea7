//! Load beyond capacity in clear weather: what is accepted is answered in time, and then the shop comes to rest (promise 11).

use std::{collections::BTreeSet, ops::Range, rc::Rc, sync::Arc, time::Duration};

use contracts::order::{Denied, OrderEvent, Reason};
use kernel::Recorded;
use uuid::Uuid;

use super::{SETTLING, World};
use ::faults::Slowness;

use crate::{faults::Fault, parts::DEADLINE, shoppers::People};

/// Worlds in a thousand in which it happens.
pub(super) const OVERLOADED: u16 = 500;
/// Orders placed at once: with a slow part it takes much longer than their deadline to answer all of them.
const ORDERS: u32 = 300;
/// The services whose answers an order waits for.
const ANSWERING: [&str; 3] = ["product", "customer", "order"];
/// How long the event store takes over each event, in milliseconds: what is let in at once is answered in less than its deadline.
const STORE_MS: Range<u64> = 14..19;
/// The same of a service.
const SERVICE_MS: Range<u64> = 26..36;

impl World {
    pub(super) async fn overload(&mut self, people: &Rc<People>) {
        if !self.is_overloaded {
            return;
        }
        self.tally.count(Fault::Overload);
        people.stock_up().await;
        let before = self.events().await.len();
        let slow = self.slow_parts();
        people.rush(ORDERS).await;
        tokio::time::sleep(DEADLINE).await;
        slow.iter().for_each(Slowness::end);
        let events = self.events().await;
        self.check_answered(&events, before);
        self.check_at_rest(events.len(), people).await;
    }

    /// The event store, or all instances of a service: slow from now on.
    fn slow_parts(&self) -> Vec<Slowness> {
        let instances = self.instances.borrow();
        let (slow, range) = if self.dice.happens(500) {
            self.tally.count(Fault::StoreSlow);
            (vec![self.environment.store_slowness.clone()], STORE_MS)
        } else {
            self.tally.count(Fault::ServiceSlow);
            let service = *self.dice.pick(&ANSWERING);
            let all = instances.values().filter(|instance| instance.service.name == service);
            (all.map(|instance| instance.slowness.clone()).collect(), SERVICE_MS)
        };
        // Each instance of the order service lets in as many.
        let doors = instances.values().filter(|instance| instance.service.name == "order").count();
        let doors = u32::try_from(doors).unwrap_or(u32::MAX).max(1);
        let per_event = Duration::from_millis(self.dice.within(range)) / doors;
        for slowness in &slow {
            slowness.set(per_event);
        }
        slow
    }

    /// Of the orders placed since `before`, none was denied because its answers took too long, and all have ended.
    fn check_answered(&mut self, events: &[Arc<Recorded>], before: usize) {
        let mut placed = BTreeSet::new();
        for event in events.iter().skip(before) {
            match OrderEvent::of(event) {
                Some(OrderEvent::Placed(begun)) => _ = placed.insert(begun.terms.order),
                Some(OrderEvent::Denied(Denied { terms, reasons }))
                    if reasons.contains(&Reason::Deadline) && placed.contains(&terms.order) =>
                {
                    let order = terms.order;
                    self.broken(&format!(
                        "order {order} was accepted, and denied for lack of time"
                    ));
                }
                _ => {}
            }
        }
        let open: Vec<Uuid> = self.checked(events).open().collect();
        for order in open.iter().filter(|order| placed.contains(order)) {
            self.broken(&format!("order {order} is open {DEADLINE:?} after the load"));
        }
    }

    /// Nothing more happens by itself, and orders are accepted again.
    async fn check_at_rest(&mut self, recorded: usize, people: &Rc<People>) {
        tokio::time::sleep(SETTLING).await;
        let more = self.events().await.len() - recorded;
        if more > 0 {
            self.broken(&format!("{more} events were recorded when the load had ended"));
        }
        let accepted = people.told.borrow().orders.len();
        people.rush(1).await;
        if people.told.borrow().orders.len() == accepted {
            self.broken("an order is refused when the load has ended");
        }
    }

    fn broken(&mut self, what: &str) {
        self.violations.push(format!("{what} (promise 11)"));
    }
}
