//! A clock that shows the wrong time of day.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::{Clock, Timestamp};

/// How far behind a part's clock is; nothing unless it is set. Clones are of the same part.
#[derive(Clone, Debug, Default)]
pub struct Skew(Arc<AtomicU64>);

/// The clock of a part: what it measures is right, and the time of day that it shows is as far behind as its skew says.
pub struct SkewedClock {
    clock: Arc<dyn Clock>,
    skew: Skew,
}

impl Skew {
    /// Sets the clock back, or right again.
    pub fn set(&self, behind: Duration) {
        self.0.store(u64::try_from(behind.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How far behind it is.
    #[must_use]
    pub fn behind(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

impl SkewedClock {
    /// The same clock, as wrong as `skew` says.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, skew: Skew) -> Self {
        Self { clock, skew }
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.clock.now() - self.skew.behind()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}
