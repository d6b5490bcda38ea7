//! Answers to frequent questions about a whole read model: the longer one takes to read, the less often it is read.

use std::time::Duration;

use runtime::ModelError;
use store::Balance;
use tokio::{sync::Mutex, time::Instant};

/// Reading takes one part in so many of the time at most, however large the model is.
const SHARE: u32 = 100;
/// Unless the last reading is so old: a sum that is wrong must show soon.
const AGE_MAX: Duration = Duration::from_mins(1);

/// The balances as they were last read.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Option<Read>>);

struct Read {
    at: Instant,
    took: Duration,
    balances: Vec<Balance>,
}

impl Recent {
    /// The balances of now if they can be read quickly; of a large model those of the last reading, up to a hundred times as old as it
    /// took, and at most a minute. One caller reads at a time.
    pub(crate) async fn balances(
        &self,
        read: impl Future<Output = Result<Vec<Balance>, ModelError>>,
    ) -> Result<Vec<Balance>, ModelError> {
        let mut last = self.0.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.is_recent()) {
            return Ok(last.balances.clone());
        }
        let begun = Instant::now();
        let balances = read.await?;
        let (at, took) = (Instant::now(), begun.elapsed());
        *last = Some(Read { at, took, balances: balances.clone() });
        Ok(balances)
    }
}

impl Read {
    fn is_recent(&self) -> bool {
        self.at.elapsed() < self.took.saturating_mul(SHARE).min(AGE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn reading(takes: Duration, left: i64) -> Result<Vec<Balance>, ModelError> {
        tokio::time::sleep(takes).await;
        Ok(vec![Balance::new("granted = spent", left, 0)])
    }

    async fn left(recent: &Recent, takes: Duration, left: i64) -> i64 {
        recent.balances(reading(takes, left)).await.expect("it can be read")[0].left
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_takes_long_to_read_is_read_a_hundredth_of_the_time() {
        let (recent, takes) = (Recent::default(), Duration::from_millis(20));
        assert_eq!(left(&recent, takes, 1).await, 1);
        tokio::time::advance(Duration::from_millis(1999)).await;
        assert_eq!(left(&recent, takes, 2).await, 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(left(&recent, takes, 3).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn however_long_a_reading_took_the_next_one_is_a_minute_later() {
        let (recent, takes) = (Recent::default(), Duration::from_secs(10));
        assert_eq!(left(&recent, takes, 1).await, 1);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(left(&recent, takes, 2).await, 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(left(&recent, takes, 3).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_is_read_at_once_is_read_each_time_and_a_failure_is_not_remembered() {
        let recent = Recent::default();
        assert_eq!(left(&recent, Duration::ZERO, 1).await, 1);
        assert_eq!(left(&recent, Duration::ZERO, 2).await, 2);
        let failed = async { Err(ModelError::Unavailable("away".to_owned())) };
        assert!(recent.balances(failed).await.is_err());
        assert_eq!(left(&recent, Duration::ZERO, 3).await, 3);
    }
}
