//! The fate of messages, by chance.

use std::time::Duration;

use super::FaultRates;
use crate::Dice;

/// A late event arrives within so many milliseconds.
const LATE_MAX: u64 = 3000;

/// Where the chance of a bus comes from. With dice of their own, the nth event meets the same fate whatever else is asked meanwhile, and
/// whichever events are recorded together.
#[derive(Clone)]
pub struct BusDice {
    /// Faults of events on their way to subscribers.
    events: Dice,
    /// Whether events recorded together arrive in the wrong order.
    groups: Dice,
    /// Faults of requests and replies.
    requests: Dice,
}

/// How an event reaches subscribers.
#[derive(Clone, Copy, Default)]
pub(super) struct Fate {
    pub(super) is_lost: bool,
    /// It arrives once more after that time.
    pub(super) again: Option<Duration>,
    /// It arrives after that time only.
    pub(super) late: Option<Duration>,
}

impl BusDice {
    /// Dice whose every throw follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let [events, groups, requests] = seeds(seed).map(Dice::new);
        Self { events, groups, requests }
    }

    /// One source of chance for everything.
    pub(super) fn of(dice: Dice) -> Self {
        Self { events: dice.clone(), groups: dice.clone(), requests: dice }
    }

    /// Begins again, as new dice of `seed`.
    pub fn reseed(&self, seed: u64) {
        let [events, groups, requests] = seeds(seed);
        self.events.reseed(events);
        self.groups.reseed(groups);
        self.requests.reseed(requests);
    }

    pub(super) fn fate(&self, rates: &FaultRates) -> Fate {
        let happens = |per_mille| per_mille > 0 && self.events.happens(per_mille);
        let pause = || Duration::from_millis(self.events.within(1..LATE_MAX));
        if happens(rates.broadcast_lost) {
            return Fate { is_lost: true, ..Fate::default() };
        }
        let again = happens(rates.broadcast_repeated).then(pause);
        let late = happens(rates.broadcast_delayed).then(pause);
        Fate { is_lost: false, again, late }
    }

    pub(super) fn reorders(&self, per_mille: u16) -> bool {
        per_mille > 0 && self.groups.happens(per_mille)
    }

    pub(super) fn strikes_request(&self, per_mille: u16) -> bool {
        per_mille > 0 && self.requests.happens(per_mille)
    }

    /// How long a request takes more, in milliseconds below a bound.
    pub(super) fn pause(&self, below: u64) -> Duration {
        Duration::from_millis(self.requests.within(1..below))
    }
}

fn seeds(seed: u64) -> [u64; 3] {
    [seed, seed.rotate_left(32) ^ u64::MAX >> 1, !seed]
}
