//! Whether the store is slow: how long its last commits took.

use std::{collections::VecDeque, time::Duration};

use crate::Progress;

/// What the store is called slow for.
const COMMITS: &str = "commits";
/// So many commits are looked at, and no fewer: one that waits for a disk now and then is usual.
const LAST: usize = 8;
/// So many of them are slow in a store that is. A few fast ones say that it no longer is.
const SLOW_OF_LAST: usize = 6;
/// The last ones are those within this time.
const WITHIN: Duration = Duration::from_secs(20);
/// A commit that takes this long is slow: a disk takes some milliseconds.
const SLOW: Duration = Duration::from_millis(100);
/// Without further commits nothing is known of the pace after this time.
const LASTS: Duration = Duration::from_secs(10);

/// The last commits: when each was over, and how long it took.
#[derive(Debug, Default)]
pub(super) struct Pace(VecDeque<(Duration, Duration)>);

impl Pace {
    /// Takes note of a commit that is over at `now`, and reports the store as slow, or not any more.
    pub(super) fn took(&mut self, now: Duration, took: Duration, store: &Progress) {
        match self.slow(now, took) {
            Some(average) => store.slows(COMMITS, reason(average), LASTS),
            None => store.recovers_pace(COMMITS),
        }
    }

    /// How long the last commits took on average, if that is slow.
    fn slow(&mut self, now: Duration, took: Duration) -> Option<Duration> {
        self.0.push_back((now, took));
        while self.0.len() > LAST {
            self.0.pop_front();
        }
        let recent = self.0.iter().filter(|(at, _)| *at + WITHIN >= now).map(|(_, took)| *took);
        let recent: Vec<Duration> = recent.collect();
        let slow = recent.iter().filter(|took| **took >= SLOW).count();
        let total: Duration = recent.iter().sum();
        let average = total.checked_div(u32::try_from(recent.len()).ok()?)?;
        (recent.len() >= LAST && slow >= SLOW_OF_LAST).then_some(average)
    }
}

fn reason(average: Duration) -> String {
    let average = average.as_millis();
    format!(
        "Its last {LAST} commits took {average} ms on average; a few milliseconds are usual. Whatever is ordered or changed waits for one \
         at each step. Check the load of the disk or database that keeps the log."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(3);
    const LATE: Duration = Duration::from_millis(200);

    #[test]
    fn a_store_is_slow_while_its_commits_are_and_no_longer() {
        let (mut pace, mut now) = (Pace::default(), Duration::ZERO);
        let mut commits = |took: Duration, times: usize| {
            let all = (0..times).map(|_| {
                now += took;
                pace.slow(now, took)
            });
            all.last().flatten()
        };
        assert_eq!(commits(FAST, LAST), None);
        assert_eq!(commits(LATE, 2), None, "two that waited for the disk");
        assert_eq!(commits(LATE, LAST), Some(LATE));
        assert_eq!(commits(FAST, 2), Some(FAST * 2 / 8 + LATE * 6 / 8), "two that were lucky");
        assert_eq!(commits(FAST, 1), None, "it is fast again");
    }

    #[test]
    fn a_few_slow_commits_in_a_quiet_system_say_nothing() {
        let mut pace = Pace::default();
        for look in 1..=2 * u32::try_from(LAST).expect("a few") {
            assert_eq!(pace.slow(WITHIN * look, LATE), None);
        }
    }
}
