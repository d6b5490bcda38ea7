//! A machine's clock, which can be wrong for a while: only its time of day, never how it measures durations.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use kernel::{Clock, Timestamp};
use runtime::clock::RuntimeClock;

/// A clock beside the right one.
#[derive(Debug)]
pub(crate) struct Hands {
    right: RuntimeClock,
    ahead_micros: AtomicI64,
}

impl Hands {
    pub(crate) fn new(right: RuntimeClock) -> Self {
        Self { right, ahead_micros: AtomicI64::new(0) }
    }

    /// Sets the time of day so many minutes ahead, or behind.
    pub(crate) fn set_ahead(&self, minutes: i64) {
        self.ahead_micros.store(minutes.saturating_mul(60_000_000), Ordering::Relaxed);
    }

    pub(crate) fn set_right(&self) {
        self.ahead_micros.store(0, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_micros.load(Ordering::Relaxed);
        Timestamp::from_micros(self.right.now().micros().saturating_add(ahead))
    }

    fn elapsed(&self) -> Duration {
        self.right.elapsed()
    }
}
