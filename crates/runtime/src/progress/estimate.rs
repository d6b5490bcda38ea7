//! How long it takes to catch up.

use std::{sync::Mutex, time::Duration};

use kernel::{Position, sync};

use super::Progress;

/// What a subscriber did for less time says nothing about its pace.
const OBSERVED_MIN: Duration = Duration::from_secs(1);

/// The pace of a subscriber since it started, or since it last started again from an earlier position.
#[derive(Default)]
pub(super) struct Estimate(Mutex<Option<Seen>>);

struct Seen {
    from: Position,
    since: Duration,
    last: Position,
}

impl Estimate {
    /// It is at `position` at the time `now`.
    pub(super) fn saw(&self, position: Position, now: Duration) {
        let mut seen = sync::lock(&self.0);
        match &mut *seen {
            Some(seen) if position >= seen.last => seen.last = position,
            seen => *seen = Some(Seen { from: position, since: now, last: position }),
        }
    }

    /// That a subscriber of that name is behind, and for how long, if that is known.
    pub(super) fn behind(&self, name: &str, progress: &Progress) -> String {
        let (events, now) = (progress.lag().events, progress.0.clock.elapsed());
        if sync::lock(&self.0).is_none() {
            // Its position is still that of a model without anything in it.
            return format!("{name} has just started, and has not read yet how far it is.");
        }
        let soon = self.sentence(events, progress.position(), now).unwrap_or_default();
        if events == 0 {
            // It caught up meanwhile.
            return format!("{name} has only just caught up.");
        }
        let noun = if events == 1 { "event" } else { "events" };
        format!("{name} is {events} {noun} behind.{soon}")
    }

    /// When the last of so many events is taken, in a sentence; none while nothing is known of the pace.
    #[expect(clippy::cast_precision_loss, reason = "a time for people to read")]
    fn sentence(&self, behind: u64, position: Position, now: Duration) -> Option<String> {
        let seen = sync::lock(&self.0);
        let Seen { from, since, .. } = seen.as_ref()?;
        let (taken, time) = (position.0.saturating_sub(from.0), now.saturating_sub(*since));
        if behind == 0 || taken == 0 || time < OBSERVED_MIN {
            return None;
        }
        let rate = taken as f64 / time.as_secs_f64();
        let seconds = remaining(behind, rate)?.as_secs() + 1;
        Some(format!(" At {rate:.0} events a second, it has caught up in about {seconds} s."))
    }
}

/// How long so many events take at that rate.
#[expect(clippy::cast_precision_loss, reason = "a time for people to read")]
pub(crate) fn remaining(behind: u64, rate: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(behind as f64 / rate).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_takes_as_long_as_the_pace_so_far_says() {
        let estimate = Estimate::default();
        assert_eq!(estimate.sentence(10, Position(5), Duration::from_secs(1)), None);
        estimate.saw(Position(100), Duration::from_secs(1));
        assert_eq!(estimate.sentence(10, Position(100), Duration::from_secs(3)), None);
        estimate.saw(Position(150), Duration::from_secs(2));
        let early = Duration::from_millis(1_999);
        assert_eq!(estimate.sentence(900, Position(300), early), None, "too early to say");
        let said = estimate.sentence(900, Position(300), Duration::from_secs(3));
        assert_eq!(
            said.as_deref(),
            Some(" At 100 events a second, it has caught up in about 10 s.")
        );
        assert_eq!(estimate.sentence(0, Position(1200), Duration::from_secs(12)), None);
        // Its model was lost, and it starts again.
        estimate.saw(Position(0), Duration::from_secs(100));
        let said = estimate.sentence(900, Position(300), Duration::from_secs(103));
        assert_eq!(
            said.as_deref(),
            Some(" At 100 events a second, it has caught up in about 10 s.")
        );
    }
}
