//! The retry policy of requests.

use std::time::Duration;

use kernel::Ids;
use tokio::time::Instant;

use super::Error;

/// A lost connection is often only an idle one that the server closed: the first repetition follows at once, later ones
/// after pauses that double from here to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How many times longer a shop is waited for that is busy than one that does not answer.
const BUSY_TIMES: u32 = 10;

/// One request's patience.
pub(super) struct Patience {
    limit: Duration,
    started: Instant,
    attempts: u32,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, started: Instant::now(), attempts: 1 }
    }

    /// Waits until another attempt makes sense, or returns the error: one that would only come again, or patience is at an end.
    pub(super) async fn after(
        &mut self,
        error: Error,
        reached: bool,
        chances: &Ids,
    ) -> Result<(), Error> {
        let Some(pause) = self.pause(&error, reached) else {
            return Err(counted(error, self.attempts));
        };
        let pause = spread(pause, chances);
        let waited = self.started.elapsed();
        let limit = if error.is_busy() { self.limit * BUSY_TIMES } else { self.limit };
        if waited + pause > limit {
            return Err(Error::GivenUp { attempts: self.attempts, waited, last: Box::new(error) });
        }
        self.attempts += 1;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn pause(&self, error: &Error, reached: bool) -> Option<Duration> {
        let growing = || FIRST_PAUSE.saturating_mul(1 << (self.attempts - 1).min(10));
        match error {
            Error::Lost(_) if self.attempts == 1 => Some(Duration::ZERO),
            Error::Unreachable { .. } if !reached => None,
            Error::Lost(_) | Error::TooSlow(_) | Error::Unreachable { .. } => {
                Some(growing().min(LONGEST_PAUSE))
            }
            // Even after "at once" there is a short pause, which grows each time.
            _ => error.retry_after().map(|wanted| wanted.max(growing().min(LONGEST_PAUSE))),
        }
    }
}

/// Up to half as long again: clients that were sent away together do not come back together.
fn spread(pause: Duration, chances: &Ids) -> Duration {
    let [chance] = chances.bytes();
    pause + pause * u32::from(chance) / (2 * u32::from(u8::MAX))
}

fn counted(error: Error, attempts: u32) -> Error {
    match error {
        Error::Refused(mut problem) => {
            problem.attempts = attempts;
            Error::Refused(problem)
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread_and_never_shorter_than_was_asked_for() {
        let chances = Ids::from_seed([7; 32]);
        let second = Duration::from_secs(1);
        let pauses: Vec<_> = (0..100).map(|_| spread(second, &chances)).collect();
        assert!(pauses.iter().all(|pause| (second..=second * 3 / 2).contains(pause)), "{pauses:?}");
        let (first, last) = (pauses.iter().min(), pauses.iter().max());
        assert!(first < Some(&(second * 11 / 10)) && last > Some(&(second * 14 / 10)));
        assert_eq!(spread(Duration::ZERO, &chances), Duration::ZERO, "at once is at once");
    }
}
