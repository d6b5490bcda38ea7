//! Metrics of the saga: open orders, how orders end, and how long they take.

use contracts::order::OrderEvent;
use kernel::Timestamp;
use web::{ServiceDeps, metrics::Counter, metrics::Gauge, metrics::Histogram, metrics::SECONDS};

/// The figures of this instance since it started.
pub(crate) struct Figures {
    /// Ends recorded before then were counted by the instance that ran then.
    since: Timestamp,
    open: Gauge,
    finalized: Counter,
    canceled: Counter,
    seconds: Histogram,
}

impl Figures {
    pub(crate) fn new(deps: &ServiceDeps) -> Self {
        let ended = |outcome| {
            let metrics = deps.metrics.labelled("outcome", outcome);
            metrics.counter("orders_ended", "Orders that were finalized or canceled")
        };
        Self {
            since: deps.clock.now(),
            open: deps.metrics.gauge("orders_open", "Orders neither finalized nor canceled"),
            finalized: ended("finalized"),
            canceled: ended("canceled"),
            seconds: deps.metrics.histogram(
                "order_seconds",
                "Time from placing an order to its end",
                SECONDS,
            ),
        }
    }

    pub(crate) fn open(&self, orders: usize) {
        self.open.set(i64::try_from(orders).unwrap_or(i64::MAX));
    }

    pub(crate) fn ended(&self, end: &OrderEvent, at: Timestamp, placed_at: Timestamp) {
        if at < self.since {
            return;
        }
        match end {
            OrderEvent::Finalized(_) => self.finalized.inc(),
            OrderEvent::Denied(_) => self.canceled.inc(),
            OrderEvent::Placed(_) | OrderEvent::Approved(_) => return,
        };
        self.seconds.observe(at.since(placed_at).as_secs_f64());
    }
}
