//! Load among other faults: a part is slow for a while, and many orders come at once.

use std::time::Duration;

use ::faults::Slowness;

use crate::{faults::Fault, schedule::Schedule};

/// Orders placed at once: more than the order service lets in.
const RUSH: u32 = 60;

impl Schedule {
    /// The event store takes its time over each event for a while.
    pub(crate) fn slow_store(&self) {
        self.tally.count(Fault::StoreSlow);
        self.slow_for_a_while(self.environment.store_slowness.clone());
    }

    pub(crate) fn slow_service(&self) {
        let Some((name, _)) = self.any_instance() else { return };
        let instance = self.instances.borrow().get(&name).map(|known| known.slowness.clone());
        let Some(slowness) = instance else { return };
        self.tally.count(Fault::ServiceSlow);
        self.slow_for_a_while(slowness);
    }

    /// Other faults are injected meanwhile.
    fn slow_for_a_while(&self, slowness: Slowness) {
        slowness.set(Duration::from_millis(self.dice.within(1..100)));
        let a_while = Duration::from_millis(self.dice.within(0..5_000));
        tokio::task::spawn_local(async move {
            tokio::time::sleep(a_while).await;
            slowness.end();
        });
    }

    /// Many people place orders at once.
    pub(crate) async fn overload(&self) {
        self.tally.count(Fault::Overload);
        self.people.rush(RUSH).await;
    }
}
