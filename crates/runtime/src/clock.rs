//! The clocks behind `kernel`'s port.

use std::{sync::OnceLock, time::Duration};

use kernel::{Clock, Timestamp};

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the system's clock is read"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the system's clocks are read"
    )]
    fn elapsed(&self) -> Duration {
        static FIRST_ASKED: OnceLock<std::time::Instant> = OnceLock::new();
        FIRST_ASKED.get_or_init(std::time::Instant::now).elapsed()
    }
}

/// The runtime's time, which a simulation can pause: starts at a given time and follows tokio's clock.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeClock {
    epoch: Timestamp,
    started: tokio::time::Instant,
}

impl RuntimeClock {
    /// A clock that shows `epoch` now.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch, started: tokio::time::Instant::now() }
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        self.epoch + self.started.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
