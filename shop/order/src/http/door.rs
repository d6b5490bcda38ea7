//! Load shedding: an order that could not be answered in time is refused before it is recorded.
//!
//! Orders are answered in the order in which they were placed. A new one waits at least as long as the oldest open one has
//! waited, and about as long as the open ones take at the pace at which orders end (Little's law: wait = open / pace). Once
//! either is a third of the deadline, new orders are refused until the saga has caught up: what was accepted has the rest of
//! its time for the waits to come.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use contracts::names;
use uuid::Uuid;
use web::Problem;

use super::Orders;

/// The part of an order's time that the oldest open order may have used up.
const PART: u32 = 3;
/// The longest time after which a refused client is asked to come back.
const COME_BACK_MAX: Duration = Duration::from_secs(30);
/// Open orders that do not count as a queue: any busy shop has so many.
const FREE: usize = 32;
/// Ends that make a pace which can be believed, and how long one measurement counts, even if fewer came.
const ENOUGH: u32 = 16;
const RENEWED: Duration = Duration::from_secs(1);

/// The pace at which orders end, measured while so many are open that the saga has no pause.
#[derive(Default)]
pub(crate) struct Pace {
    state: Mutex<Measured>,
}

#[derive(Default)]
struct Measured {
    /// The measurement under way: since when, and how many had ended by then.
    watch: Option<(Duration, u64)>,
    /// The time from one end to the next, as last measured.
    each: Duration,
}

impl Orders {
    /// 503 if the saga is too far behind for another order; not for the order `repeated`, should it be placed already.
    pub(super) async fn must_be_open(&self, repeated: Option<Uuid>) -> Result<(), Problem> {
        let wait = self.wait();
        let Some(over) = wait.checked_sub(self.deadline / PART) else { return Ok(()) };
        if let Some(order) = repeated
            && self.model.order(order).await?.is_some()
        {
            return Ok(());
        }
        let seconds = wait.as_secs();
        let detail = format!(
            "Orders wait {seconds} seconds to be checked. Nothing was recorded; please order again in a moment."
        );
        Err(Problem::busy(over.min(COME_BACK_MAX), detail).title(names::BUSY))
    }

    /// How long a new order will wait: as long as the oldest open one has, as far as we are behind in hearing of them, or as
    /// long as those before it take.
    fn wait(&self) -> Duration {
        let behind = Duration::try_from_secs_f64(self.reacted.lag().seconds).unwrap_or_default();
        let (open, ended) = self.open.count_and_ended();
        let queue = self.pace.wait(self.deps.clock.elapsed(), open, ended);
        // An estimate, of a saga that may only have paused: no client is sent away for long for it.
        self.open.oldest().max(behind).max(queue.min(self.deadline / 2))
    }
}

impl Pace {
    /// How long `open` orders take if `ended` have ended by `now`; zero while they are few, or before the first measurement.
    fn wait(&self, now: Duration, open: usize, ended: u64) -> Duration {
        let mut measured = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if open <= FREE {
            measured.watch = None;
            return Duration::ZERO;
        }
        let (since, before) = *measured.watch.get_or_insert((now, ended));
        let watched = now.saturating_sub(since);
        let done = u32::try_from(ended.saturating_sub(before)).unwrap_or(u32::MAX);
        if done >= ENOUGH || watched >= RENEWED {
            measured.each = watched / done.max(1);
        }
        if watched >= RENEWED {
            measured.watch = Some((now, ended));
        }
        measured.each.saturating_mul(u32::try_from(open).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn the_wait_is_what_the_open_orders_take_at_the_measured_pace() {
        let pace = Pace::default();
        assert_eq!(pace.wait(MS(0), FREE, 0), MS(0), "few are not a queue");
        assert_eq!(pace.wait(MS(0), 1_000, 0), MS(0), "nothing was measured yet");
        assert_eq!(pace.wait(MS(100), 1_000, 10), MS(0), "too little to be believed");
        assert_eq!(pace.wait(MS(200), 1_000, 20), MS(10_000));
        assert_eq!(pace.wait(MS(1_000), 1_000, 200), MS(5_000));
        assert_eq!(pace.wait(MS(1_001), 500, 201), MS(2_500), "the last measurement counts on");
        assert_eq!(pace.wait(MS(1_100), 1_000, 300), MS(1_000), "until there is a newer one");
        assert_eq!(pace.wait(MS(1_200), FREE, 1_200), MS(0));
        assert_eq!(pace.wait(MS(9_000), 500, 1_200), MS(500), "a pause is not measured");
    }

    #[test]
    fn a_saga_that_stands_still_is_noticed_and_so_is_its_end() {
        let pace = Pace::default();
        pace.wait(MS(0), 1_000, 7);
        assert_eq!(pace.wait(MS(1_000), 1_000, 7), MS(1_000_000));
        assert_eq!(pace.wait(MS(1_100), 1_000, 107), MS(1_000));
    }
}
