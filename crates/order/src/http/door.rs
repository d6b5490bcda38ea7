//! The door: an order that could not be answered in time is refused before it is recorded.
//!
//! Orders are answered in the order in which they were placed, so the oldest one that still waits says how long a new one will
//! wait at the least. Once that is a third of the deadline, new orders are refused until the saga has caught up: what was
//! accepted has the rest of its time for the waits to come.

use std::time::Duration;

use chassis::http::Problem;
use kernel::Timestamp;
use uuid::Uuid;

use super::{Orders, failed};

/// The part of an order's time that the oldest open order may have used up.
const PART: u32 = 3;
/// The longest time after which a refused client is asked to come back.
const COME_BACK_MAX: Duration = Duration::from_secs(30);

impl Orders {
    /// 503 if the saga is too far behind for another order; not for the order `repeated`, should it be placed already.
    pub(super) async fn must_be_open(
        &self,
        now: Timestamp,
        repeated: Option<Uuid>,
    ) -> Result<(), Problem> {
        let wait = self.wait(now);
        let Some(over) = wait.checked_sub(self.deadline / PART) else { return Ok(()) };
        if let Some(order) = repeated
            && self.model.order(order).await.map_err(failed)?.is_some()
        {
            return Ok(());
        }
        let seconds = wait.as_secs();
        let detail = format!(
            "Orders wait {seconds} seconds to be checked. Nothing was recorded; please order again in a moment."
        );
        Err(Problem::busy(over.min(COME_BACK_MAX), detail))
    }

    /// How long orders wait now at the least: as long as the oldest open one has, or as far as we are behind in hearing of them.
    fn wait(&self, now: Timestamp) -> Duration {
        let oldest = self.open.oldest().map_or(Duration::ZERO, |placed| now.since(placed));
        let behind = Duration::try_from_secs_f64(self.reacted.lag().seconds).unwrap_or_default();
        oldest.max(behind)
    }
}
