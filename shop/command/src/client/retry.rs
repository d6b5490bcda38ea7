//! The retry policy of requests.

use std::time::Duration;

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
    pub(super) async fn after(&mut self, error: Error, reached: bool) -> Result<(), Error> {
        let Some(pause) = self.pause(&error, reached) else {
            return Err(counted(error, self.attempts));
        };
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

fn counted(error: Error, attempts: u32) -> Error {
    match error {
        Error::Refused(mut problem) => {
            problem.attempts = attempts;
            Error::Refused(problem)
        }
        error => error,
    }
}
