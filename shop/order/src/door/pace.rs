//! How fast orders are answered: over the last second or so.

use std::time::Duration;

/// Half of what is looked back at.
const SPAN: Duration = Duration::from_millis(500);

/// Counts answers in two spans: the one before, which is whole, and the one under way.
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: Duration,
    before: u32,
    now: u32,
}

impl Pace {
    /// An order was answered.
    pub(super) fn answered(&mut self, now: Duration) {
        self.turn(now);
        self.now += 1;
    }

    /// How many orders are answered within `time`, at the pace of now.
    pub(super) fn within(&self, time: Duration, now: Duration) -> usize {
        let passed = now.saturating_sub(self.since);
        let (answered, passed) = match passed.checked_sub(SPAN) {
            None => (self.before + self.now, passed + SPAN),
            Some(after) if after < SPAN => (self.now, passed),
            Some(_) => return 0,
        };
        let share = u128::from(answered) * time.as_micros() / passed.as_micros().max(1);
        usize::try_from(share).unwrap_or(usize::MAX)
    }

    /// Begins another span once this one is over.
    fn turn(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.since);
        if passed < SPAN {
            return;
        }
        self.before = if passed < SPAN * 2 { self.now } else { 0 };
        self.now = 0;
        self.since = if passed < SPAN * 2 { self.since + SPAN } else { now };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn the_pace_is_that_of_the_last_second_and_none_after_a_second_without_answers() {
        let mut pace = Pace::default();
        assert_eq!(pace.within(MS(250), MS(0)), 0);
        for ms in 0..1_000 {
            pace.answered(MS(10_000 + ms));
        }
        assert_eq!(pace.within(MS(250), MS(11_000)), 250);
        assert_eq!(pace.within(MS(500), MS(11_000)), 500);
        assert!((100..200).contains(&pace.within(MS(250), MS(11_300))));
        assert_eq!(pace.within(MS(250), MS(12_000)), 0);
    }

    #[test]
    fn a_few_answers_at_once_after_a_pause_are_not_taken_for_a_fast_pace() {
        let mut pace = Pace::default();
        for _ in 0..10 {
            pace.answered(MS(5_000));
        }
        assert_eq!(pace.within(MS(250), MS(5_001)), 4);
    }
}
