//! Waits for something that may never come, and reports that it waits.

use std::{pin::pin, time::Duration};

use tokio::time::timeout;

/// How often a process says what it waits for.
pub(crate) const REMINDER: Duration = Duration::from_secs(30);

/// Waits; each time that `every` has passed, `remind` is called.
pub(crate) async fn with_reminders<T>(
    every: Duration,
    remind: impl Fn(),
    waited_for: impl Future<Output = T>,
) -> T {
    let mut waited_for = pin!(waited_for);
    loop {
        match timeout(every, waited_for.as_mut()).await {
            Ok(came) => return came,
            Err(_) => remind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_long_wait_is_mentioned_again_and_again_and_ends_with_what_came() {
        let reminders = AtomicU32::new(0);
        let waited_for = async {
            while reminders.load(Ordering::Relaxed) < 3 {
                tokio::task::yield_now().await;
            }
            "came"
        };
        let remind = || _ = reminders.fetch_add(1, Ordering::Relaxed);
        assert_eq!(with_reminders(Duration::from_millis(1), remind, waited_for).await, "came");
    }
}
