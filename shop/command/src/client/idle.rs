//! Connections that wait for their next request.

use std::{cell::RefCell, time::Duration};

use tokio::time::Instant;

/// Shorter than a shop keeps idle connections (30 s), so that none is closed just as it is used.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// Those that wait, the one used last at the end.
pub(super) struct Idle<C>(RefCell<Vec<(C, Instant)>>);

impl<C> Default for Idle<C> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<C> Idle<C> {
    pub(super) fn put(&self, connection: C) {
        self.0.borrow_mut().push((connection, Instant::now()));
    }

    /// The one used last; none if that was too long ago.
    pub(super) fn take(&self) -> Option<C> {
        let mut waiting = self.0.borrow_mut();
        let (connection, _) =
            waiting.pop().filter(|(_, since)| since.elapsed() < IDLE_MAX).or_else(|| {
                // All others have waited even longer.
                waiting.clear();
                None
            })?;
        Some(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_the_shop_may_be_closing_is_not_used() {
        let idle = Idle::default();
        idle.put("first");
        tokio::time::advance(IDLE_MAX).await;
        idle.put("second");
        assert_eq!(idle.take(), Some("second"));
        assert_eq!(idle.take(), None, "it has waited for too long");
        idle.put("third");
        tokio::time::advance(IDLE_MAX.saturating_sub(Duration::from_millis(1))).await;
        assert_eq!(idle.take(), Some("third"));
    }
}
