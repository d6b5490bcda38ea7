//! A clock that a test sets.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use kernel::{Clock, Timestamp};
use runtime::clock::RuntimeClock;

/// A machine's clock, which may be wrong: setting it changes the time of day, never how durations are measured.
#[derive(Debug)]
pub struct TestClock {
    /// The right time; none if it stands still.
    right: Option<RuntimeClock>,
    ahead_us: AtomicI64,
}

impl TestClock {
    /// A clock that goes as `right` does, until it is set.
    #[must_use]
    pub fn beside(right: RuntimeClock) -> Self {
        Self { right: Some(right), ahead_us: AtomicI64::new(0) }
    }

    /// A clock that stands still at `now` until it is moved.
    #[must_use]
    pub fn standing(now: Timestamp) -> Self {
        Self { right: None, ahead_us: AtomicI64::new(now.micros()) }
    }

    /// Moves it on.
    pub fn advance(&self, duration: Duration) {
        self.ahead_us.fetch_add(micros(duration), Ordering::Relaxed);
    }

    /// Sets it so far ahead of the right time.
    pub fn set_ahead(&self, duration: Duration) {
        self.ahead_us.store(micros(duration), Ordering::Relaxed);
    }

    /// Sets it so far behind the right time.
    pub fn set_behind(&self, duration: Duration) {
        self.ahead_us.store(-micros(duration), Ordering::Relaxed);
    }

    /// Sets it to the right time.
    pub fn set_right(&self) {
        self.set_ahead(Duration::ZERO);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let right = self.right.map_or(0, |clock| clock.now().micros());
        Timestamp::from_micros(right.saturating_add(self.ahead_us.load(Ordering::Relaxed)))
    }

    fn elapsed(&self) -> Duration {
        match self.right {
            Some(right) => right.elapsed(),
            None => self.now().since(Timestamp::default()),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
