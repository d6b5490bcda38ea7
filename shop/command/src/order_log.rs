//! Logs orders as they happen, one readable line per step.

use kernel::{Recorded, Timestamp};
use runtime::{Subscription, trace::trace_id};
use web::ServiceDeps;

use crate::logging::ORDERS;

/// Lines logged per second; beyond that they are only counted, so that logging does not slow down a busy shop.
const LINES_PER_SECOND: u32 = 40;

/// Tells what happens from now on until the tasks stop.
pub(crate) fn spawn(deps: &ServiceDeps) {
    let (tasks, deps) = (&deps.tasks, deps.clone());
    tasks.spawn_until_stopped("order-log", async move { tell(&deps).await });
}

async fn tell(deps: &ServiceDeps) {
    let store = deps.store();
    let mut subscription = Subscription::open(&store, store.head().await).await;
    let mut budget = Budget::default();
    loop {
        for event in subscription.next().await {
            if !tracing::enabled!(tracing::Level::INFO) {
                continue;
            }
            if !budget.allows(event.time) {
                continue;
            }
            if let Some(line) = line(&event) {
                let position = event.position.0;
                let trace = event.metadata.traceparent.as_deref().and_then(trace_id);
                let correlation = event.metadata.correlation;
                tracing::info!(target: ORDERS, position, %correlation, trace.id = trace, "{line}");
                budget.told += 1;
            }
        }
    }
}

#[derive(Default)]
struct Budget {
    second: i64,
    told: u32,
    untold: u64,
}

impl Budget {
    /// Whether there is room for another line; else what happens is only counted, unread.
    fn allows(&mut self, now: Timestamp) -> bool {
        let second = now.micros() / 1_000_000;
        if second != self.second {
            if self.untold > 0 {
                tracing::info!(target: ORDERS, "… and {} more events", self.untold);
            }
            *self = Self { second, told: 0, untold: 0 };
        }
        let allowed = self.told < LINES_PER_SECOND;
        self.untold += u64::from(!allowed);
        allowed
    }
}

fn line(event: &Recorded) -> Option<String> {
    let category = event.stream.category();
    let mut services = registry::SERVICES.iter();
    let service = services.find(|module| module.records.contains(&category))?;
    (service.tell)(event)
}
