//! Detects followers that have stalled: other followers of the same service have received events that they have not.

use std::{collections::BTreeMap, time::Duration};

use kernel::Position;
use runtime::Progress;
use store::Lag;

/// The followers of a service that were behind at the last look, where, and since when they have not moved.
#[derive(Default)]
pub(crate) struct Still(BTreeMap<String, (Position, Duration)>);

impl Still {
    /// How far each follower is behind the event that any of them knows to be the last, at a time of the clock that is never set.
    pub(crate) fn look(&mut self, followers: &[Progress], now: Duration) -> BTreeMap<String, Lag> {
        let head = followers.iter().map(Progress::head).max().unwrap_or_default();
        followers.iter().map(|one| (one.name().to_owned(), self.lag(one, head, now))).collect()
    }

    fn lag(&mut self, follower: &Progress, head: Position, now: Duration) -> Lag {
        let (own, at) = (follower.lag(), follower.position());
        // What follows nothing, or is done, knows of no head.
        if follower.head() == Position::START || at >= head {
            self.0.remove(follower.name());
            return own;
        }
        let (before, since) = *self.0.entry(follower.name().to_owned()).or_insert((at, now));
        let since = if before == at { since } else { now };
        self.0.insert(follower.name().to_owned(), (at, since));
        let still = now.saturating_sub(since).as_secs_f64();
        Lag { events: head.0.saturating_sub(at.0), seconds: own.seconds.max(still), still }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use runtime::clock::SystemClock;

    use super::*;

    #[test]
    fn a_follower_that_hears_nothing_is_compared_with_the_others_of_its_service() {
        let clock = Arc::new(SystemClock);
        let (healthy, silent) =
            (Progress::new("model", clock.clone()), Progress::new("reactor", clock.clone()));
        let steady = Progress::steady("sessions", clock);
        for (follower, at) in [(&healthy, 7), (&silent, 7)] {
            follower.knows(Position(7));
            follower.followed(Position(at));
        }
        let followers = [healthy.clone(), silent.clone(), steady];
        let mut still = Still::default();
        let mut look =
            |seconds| still.look(&followers, Duration::from_secs(seconds)).into_values().collect();
        let lags: Vec<Lag> = look(1);
        assert!(lags.iter().all(|lag| lag.events == 0), "{lags:?}");

        healthy.knows(Position(9));
        healthy.followed(Position(9));
        let lags: Vec<Lag> = look(2);
        assert_eq!((lags[1].events, lags[1].still), (2, 0.0), "it may be about to take them");
        let lags: Vec<Lag> = look(8);
        assert_eq!((lags[0].events, lags[2].events), (0, 0), "{lags:?}");
        assert_eq!((lags[1].events, lags[1].still), (2, 6.0), "{lags:?}");
        assert!(lags[1].seconds >= 6.0);

        silent.followed(Position(8));
        let lags: Vec<Lag> = look(9);
        assert_eq!((lags[1].events, lags[1].still), (1, 0.0), "it moves again");
        silent.followed(Position(9));
        let lags: Vec<Lag> = look(10);
        assert_eq!(lags[1].events, 0);
    }
}
