//! The timestamps of events: from the clock, checked against a monotonic one.
//!
//! Positions are the order of events. So once a wrong clock is corrected, the next event has the right time again, whatever the
//! last one has. A clock that jumps far ahead while the process runs is not trusted at once.

use std::{sync::Arc, time::Duration};

use kernel::{Clock, Timestamp};

/// A jump ahead that is not believed at once: more than a machine sleeps in a night.
const FAR: Duration = Duration::from_hours(24);
/// For how long it is not believed: in this time the clock can be set right, and a clock that was right before is believed
/// again after it without a restart.
const DOUBTED_FOR: Duration = Duration::from_hours(1);
/// Clocks of machines differ by less than this.
pub(crate) const SKEW: Duration = Duration::from_mins(1);
/// How often the warning that the last event is dated ahead is repeated.
const REMINDED_EVERY: Duration = Duration::from_hours(1);
/// A log without an event for this long (a long weekend) is reported at the start: the clock may be wrong.
const QUIET: Duration = Duration::from_hours(24 * 4);

/// Dates events.
pub(crate) struct Dating {
    clock: Arc<dyn Clock>,
    /// What was given last, and when, by the clock that cannot be set.
    given: Option<(Timestamp, Duration)>,
    /// Since when the clock is not believed.
    doubted_since: Option<Duration>,
    /// What was given, and when, before the clock was last set back.
    before: Option<(Timestamp, Duration)>,
    last_event: Option<Timestamp>,
    /// When it was last logged that the clock is behind the last event, while it is.
    behind_said: Option<Duration>,
}

impl Dating {
    /// `last_event`: the time of the last one recorded; `is_behind`: whether the clock is behind the time of any that is recorded.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        last_event: Option<Timestamp>,
        is_behind: bool,
    ) -> Self {
        let mut dating = Self {
            clock,
            given: None,
            doubted_since: None,
            before: None,
            last_event,
            behind_said: None,
        };
        let now = dating.now();
        if is_behind {
            // Whenever the clock is set right, it may show any later time. The last event proves nothing: it may have been dated
            // by the same wrong clock, before a restart.
            dating.before = Some((Timestamp::from_micros(i64::MAX), dating.clock.elapsed()));
        }
        if let Some(last) = last_event.filter(|last| now.since(*last) > QUIET) {
            let days = now.since(last).as_secs() / 86_400;
            tracing::warn!(%now, %last, days, "nothing was recorded for a long time; if that is wrong, the clock is ahead: stop and correct it, because recorded events keep their time");
        }
        dating
    }

    /// The time of an event that is recorded now.
    pub(crate) fn now(&mut self) -> Timestamp {
        let (clock, elapsed) = (self.clock.now(), self.clock.elapsed());
        let now = match self.given {
            Some((then, at)) => self.believe(clock, then + elapsed.saturating_sub(at), elapsed),
            None => clock,
        };
        self.given = Some((now, elapsed));
        self.look_back(now, elapsed);
        now
    }

    /// Takes note of what was recorded.
    pub(crate) fn recorded(&mut self, last: Option<Timestamp>) {
        self.last_event = last.or(self.last_event);
    }

    /// The clock's time, or the `expected` one while the clock is doubted.
    fn believe(&mut self, clock: Timestamp, expected: Timestamp, elapsed: Duration) -> Timestamp {
        if clock + SKEW < expected && self.before.is_none() {
            self.before = Some((expected, elapsed));
        }
        let jump = clock.since(expected);
        // A jump corrects a clock that was behind the last event.
        let was_behind = self.last_event.is_some_and(|last| expected + SKEW < last);
        if jump <= FAR || was_behind || self.was_there(clock, elapsed) {
            if self.doubted_since.take().is_some() {
                tracing::info!(now = %clock, "system clock corrected");
            }
            return clock;
        }
        let days = jump.as_secs() / 86_400;
        let since = *self.doubted_since.get_or_insert_with(|| {
            tracing::error!(%clock, %expected, days, "the clock has jumped far ahead; for an hour events are dated as before the jump; correct the clock, or restart if it is correct now");
            elapsed
        });
        if elapsed.saturating_sub(since) < DOUBTED_FOR {
            return expected;
        }
        self.doubted_since = None;
        tracing::error!(%clock, days, "the clock has stayed far ahead for an hour and is used from now on");
        clock
    }

    /// Whether a clock that was set back within the last day is only where it would be without that.
    fn was_there(&mut self, clock: Timestamp, elapsed: Duration) -> bool {
        self.before = self.before.filter(|(_, at)| elapsed.saturating_sub(*at) < FAR);
        self.before.is_some_and(|(then, at)| clock.since(then + elapsed.saturating_sub(at)) <= SKEW)
    }

    fn look_back(&mut self, now: Timestamp, elapsed: Duration) {
        let Some(last) = self.last_event.filter(|last| now + SKEW < *last) else {
            self.behind_said = None;
            return;
        };
        let said = |at: &Duration| elapsed.saturating_sub(*at) < REMINDED_EVERY;
        if !self.behind_said.as_ref().is_some_and(said) {
            self.behind_said = Some(elapsed);
            let ahead = last.since(now);
            let (days, seconds) = (ahead.as_secs() / 86_400, ahead.as_secs());
            tracing::warn!(%now, %last, days, seconds, "the last event is dated ahead of the clock: the clock was ahead then, or is behind now; new events get the clock's time");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const MINUTE: Duration = Duration::from_mins(1);

    #[derive(Default)]
    struct Hands(Mutex<(Timestamp, Duration)>);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            self.0.lock().expect("unharmed").0
        }

        fn elapsed(&self) -> Duration {
            self.0.lock().expect("unharmed").1
        }
    }

    impl Hands {
        fn pass(&self, time: Duration) {
            let mut hands = self.0.lock().expect("unharmed");
            *hands = (hands.0 + time, hands.1 + time);
        }

        fn set(&self, change: impl FnOnce(Timestamp) -> Timestamp) {
            let mut hands = self.0.lock().expect("unharmed");
            hands.0 = change(hands.0);
        }
    }

    fn begin(last_event: Option<Timestamp>) -> (Arc<Hands>, Dating) {
        let hands = Arc::new(Hands::default());
        hands.pass(DAY * 20_000);
        let is_behind = last_event.is_some_and(|last| hands.now() + SKEW < last);
        let dating = Dating::new(Arc::clone(&hands) as _, last_event, is_behind);
        (hands, dating)
    }

    #[test]
    fn a_clock_that_jumps_forty_days_ahead_dates_nothing_while_it_is_doubted() {
        let (hands, mut dating) = begin(None);
        hands.pass(MINUTE);
        let before = dating.now();
        hands.set(|now| now + DAY * 40);
        hands.pass(MINUTE);
        assert_eq!(dating.now(), before + MINUTE);
        hands.set(|now| now - DAY * 40);
        hands.pass(MINUTE);
        assert_eq!(dating.now(), before + MINUTE * 2, "the true time");
    }

    #[test]
    fn a_clock_that_stays_ahead_is_believed_without_a_restart() {
        let (hands, mut dating) = begin(None);
        hands.set(|now| now + DAY * 40);
        assert_ne!(dating.now(), hands.now());
        hands.pass(MINUTE * 59);
        assert_ne!(dating.now(), hands.now());
        hands.pass(MINUTE);
        assert_eq!(dating.now(), hands.now());
        hands.pass(MINUTE);
        assert_eq!(dating.now(), hands.now());
    }

    #[test]
    fn a_machine_that_slept_a_night_and_a_clock_set_right_are_believed_at_once() {
        let (hands, mut dating) = begin(None);
        hands.set(|now| now + DAY / 2);
        assert_eq!(dating.now(), hands.now());
        // Started with a clock of before the last event, as machines without a battery do.
        let last = Timestamp::default() + DAY * 20_001;
        let (hands, mut dating) = begin(Some(last));
        assert_eq!(dating.now(), hands.now());
        dating.recorded(Some(hands.now()));
        hands.set(|now| now + DAY * 400);
        assert_eq!(dating.now(), hands.now(), "whatever was recorded meanwhile");
    }

    #[test]
    fn a_clock_that_was_behind_for_a_while_is_believed_at_once_when_it_is_set_right() {
        let (hands, mut dating) = begin(None);
        hands.set(|now| now - 2 * DAY);
        let behind = dating.now();
        dating.recorded(Some(behind));
        hands.pass(MINUTE);
        hands.set(|now| now + 2 * DAY);
        assert!(
            dating.now() > behind + DAY,
            "what was recorded while it was behind proves nothing"
        );
        hands.set(|now| now + 2 * DAY);
        let doubted = dating.now();
        assert!(doubted < behind + 3 * DAY, "further ahead than it ever was: {doubted}");
    }

    #[test]
    fn a_clock_that_was_behind_before_a_restart_is_believed_at_once_when_it_is_set_right() {
        let (hands, mut dating) = begin(None);
        let first = dating.now();
        hands.set(|now| now - 40 * DAY);
        let last = dating.now();
        assert!(last < first, "dated behind");
        let mut dating = Dating::new(Arc::clone(&hands) as _, Some(last), true);
        hands.set(|now| now + 40 * DAY);
        assert_eq!(dating.now(), hands.now(), "an event was dated ahead of the last one");
    }

    #[test]
    fn once_a_clock_is_set_back_nothing_stays_dated_ahead() {
        let (hands, mut dating) = begin(None);
        hands.set(|now| now + DAY / 2);
        let ahead = dating.now();
        dating.recorded(Some(ahead));
        hands.set(|now| now - DAY / 2);
        assert_eq!(dating.now(), hands.now());
        assert!(dating.now() < ahead);
    }

    #[test]
    fn a_last_event_ahead_of_the_clock_is_said_at_the_start_and_every_hour() {
        let (hands, mut dating) = begin(Some(Timestamp::default() + DAY * 20_040));
        let first = dating.behind_said.expect("said at the start");
        hands.pass(MINUTE * 59);
        dating.now();
        assert_eq!(dating.behind_said, Some(first));
        hands.pass(MINUTE);
        dating.now();
        assert_eq!(dating.behind_said, Some(first + MINUTE * 60));
        hands.set(|now| now + DAY * 41);
        dating.now();
        assert_eq!(dating.behind_said, None, "it is in the past now");
    }
}
