//! The operator, who decides about what is in the inboxes of the services.

use std::{collections::BTreeSet, rc::Rc};

use serde_json::json;

use super::{SETTLING, World};
use crate::{faults::Fault, shoppers::People};

/// Behind an entry there may be others: each round decides about one of a stream.
const ROUNDS: usize = 20;
/// How many of 1,000 entries are retried, without success, before they are skipped.
const RETRIED: u16 = 300;

impl World {
    /// Decides about everything until all inboxes are empty.
    pub(super) async fn decide(&mut self, people: &Rc<People>) {
        for _ in 0..ROUNDS {
            let entries = self.in_inboxes();
            if entries.is_empty() {
                return;
            }
            for (subscriber, position) in entries {
                let service = subscriber.split('.').next().unwrap_or_default();
                self.tally.count(Fault::Decided);
                if self.dice.happens(RETRIED) {
                    let retry = json!({ "Subscriber": subscriber, "Position": position });
                    people.decide(service, "retry-event", &retry).await;
                }
                let skip =
                    json!({ "Subscriber": subscriber, "Position": position, "Reason": "forged" });
                people.decide(service, "skip-event", &skip).await;
            }
            tokio::time::sleep(SETTLING).await;
        }
        let left = self.in_inboxes().into_iter();
        self.violations.extend(left.map(|(subscriber, position)| {
            format!("{position} is still in the inbox of {subscriber} (promise 12)")
        }));
    }

    fn in_inboxes(&self) -> BTreeSet<(String, u64)> {
        let mut entries = BTreeSet::new();
        for instance in self.instances.borrow().values() {
            for follower in &instance.service.followers {
                let (name, inbox) = (follower.name(), follower.inbox().into_iter());
                entries.extend(inbox.map(|entry| (name.to_owned(), entry.position.0)));
            }
        }
        entries
    }
}
