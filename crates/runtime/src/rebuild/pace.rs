//! Throttles the build of a generation beside the one that serves. Computing needs no pause, because the thread runs at low priority. Time
//! spent waiting for a disk or a server does, because requests wait for the same: the pause is as long as the wait, and three times as
//! long while callers wait for the model.

use std::time::Duration;

use kernel::Position;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::Progress;

/// Pauses for each time of waiting, while no caller waits for the model that serves.
const UNAWAITED: u32 = 1;
/// And while one does.
const AWAITED: u32 = 3;
/// Work that waits for nothing is followed by a pause all the same.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// The pace of one generation.
pub(super) struct Pace<'a> {
    serving: &'a Progress,
    begun: Instant,
    from: Position,
    worked_since: Instant,
    computed_before: Duration,
}

impl<'a> Pace<'a> {
    /// It begins at a position.
    pub(super) fn new(serving: &'a Progress, from: Position) -> Self {
        let now = Instant::now();
        Self { serving, begun: now, from, worked_since: now, computed_before: computed() }
    }

    /// Work begins.
    pub(super) fn work(&mut self) {
        (self.worked_since, self.computed_before) = (Instant::now(), computed());
    }

    /// Pauses after work.
    pub(super) async fn pause(&self) {
        let times = if self.serving.is_awaited() { AWAITED } else { UNAWAITED };
        let computed = computed().saturating_sub(self.computed_before);
        let waited = self.worked_since.elapsed().saturating_sub(computed);
        let pause = waited.saturating_mul(times);
        tokio::time::sleep(pause.clamp(PAUSE_MIN, PAUSE_MAX)).await;
    }

    /// Events a second so far, pauses included.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    pub(super) fn rate(&self, position: Position) -> Option<f64> {
        let (events, seconds) =
            (position.0.saturating_sub(self.from.0), self.begun.elapsed().as_secs_f64());
        (events > 0 && seconds > 0.0).then(|| events as f64 / seconds)
    }
}

/// Processor time of this thread, which has nothing else to do.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
