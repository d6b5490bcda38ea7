//! The clock of a simulated year: it goes where the plan moves it.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use kernel::{Clock, Timestamp};

/// How far it goes on at most each time it is looked at: what is done one after the other is dated so.
const GLANCE_US: i64 = 1_013;
/// And at least.
const GLANCE_LEAST_US: i64 = 90;

/// A clock that is moved, and otherwise goes on a little with each glance: the same acts give the same times.
#[derive(Debug)]
pub(crate) struct Calendar {
    began_us: i64,
    now_us: AtomicI64,
}

impl Calendar {
    pub(crate) fn starting_at(time: Timestamp) -> Self {
        Self { began_us: time.micros(), now_us: AtomicI64::new(time.micros()) }
    }

    /// Moves it to `time`, never back.
    pub(crate) fn move_to(&self, time: Timestamp) {
        self.now_us.fetch_max(time.micros(), Ordering::Relaxed);
    }

    /// Moves it on.
    pub(crate) fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        self.now_us.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for Calendar {
    fn now(&self) -> Timestamp {
        let on = |now: i64| Some(now + GLANCE_LEAST_US + now % GLANCE_US);
        let seen = self.now_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, on);
        Timestamp::from_micros(seen.unwrap_or_else(|now| now))
    }

    fn elapsed(&self) -> Duration {
        let passed = self.now_us.load(Ordering::Relaxed) - self.began_us;
        Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }
}
