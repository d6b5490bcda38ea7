//! Limits on failures: so many per key within a window that slides, on a monotonic clock, in bounded memory.

use std::{
    collections::VecDeque,
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use kernel::{Clock, sync};
use lru::LruCache;

use super::Problem;

/// Keys remembered; beyond that the one longest untouched is forgotten. With 50 times each some 10 MiB at the very most.
const KEYS_MAX: NonZeroUsize = NonZeroUsize::new(16 * 1024).expect("is not zero");

/// Counts what is recorded per key, and refuses once there are `limit` within `window`.
pub struct Limiter {
    clock: Arc<dyn Clock>,
    limit: usize,
    window: Duration,
    /// When each was recorded, in monotonic time.
    recorded: Mutex<LruCache<Box<str>, VecDeque<Duration>>>,
}

/// One that was counted by [`Limiter::take`], so that it can be given back.
#[derive(Clone, Copy, Debug)]
#[must_use = "what was taken counts unless it is given back"]
pub struct Taken(Duration);

impl Limiter {
    /// At most `limit` (over zero) per key within any `window`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limit: usize, window: Duration) -> Self {
        Self { clock, limit: limit.max(1), window, recorded: Mutex::new(LruCache::new(KEYS_MAX)) }
    }

    /// Counts one for `key`; 429 with the time to wait, and nothing counted, if its limit is used up. However many ask at once, no
    /// more than the limit get through.
    pub fn take(&self, key: &str) -> Result<Taken, Problem> {
        let now = self.clock.elapsed();
        let mut recorded = self.lock();
        let times = recorded.get_or_insert_mut(key.into(), VecDeque::new);
        self.forget_old(times, now);
        match times.front() {
            Some(oldest) if times.len() >= self.limit => Err(self.too_many(*oldest, now)),
            _ => {
                times.push_back(now);
                Ok(Taken(now))
            }
        }
    }

    /// Takes one back that does not count after all.
    pub fn give_back(&self, key: &str, Taken(at): Taken) {
        let mut recorded = self.lock();
        let Some(times) = recorded.get_mut(key) else { return };
        if let Some(place) = times.iter().rposition(|time| *time == at) {
            times.remove(place);
        }
        if times.is_empty() {
            recorded.pop(key);
        }
    }

    /// 429 with the time to wait if `key` has used up its limit.
    pub fn check(&self, key: &str) -> Result<(), Problem> {
        let now = self.clock.elapsed();
        let mut recorded = self.lock();
        let Some(times) = recorded.get_mut(key) else { return Ok(()) };
        self.forget_old(times, now);
        match times.front() {
            None => {
                recorded.pop(key);
                Ok(())
            }
            Some(oldest) if times.len() >= self.limit => Err(self.too_many(*oldest, now)),
            Some(_) => Ok(()),
        }
    }

    /// Counts one for `key`: a failure, or whatever is limited.
    pub fn record(&self, key: &str) {
        let now = self.clock.elapsed();
        let mut recorded = self.lock();
        let times = recorded.get_or_insert_mut(key.into(), VecDeque::new);
        self.forget_old(times, now);
        if times.len() >= self.limit {
            times.pop_front();
        }
        times.push_back(now);
    }

    /// Forgets what was counted for `key`, such as after a success.
    pub fn forgive(&self, key: &str) {
        self.lock().pop(key);
    }

    fn too_many(&self, oldest: Duration, now: Duration) -> Problem {
        Problem::too_many((oldest + self.window).saturating_sub(now))
    }

    fn forget_old(&self, times: &mut VecDeque<Duration>, now: Duration) {
        while times.front().is_some_and(|oldest| *oldest + self.window <= now) {
            times.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Box<str>, VecDeque<Duration>>> {
        sync::lock(&self.recorded)
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limiter({} per {:?})", self.limit, self.window)
    }
}
