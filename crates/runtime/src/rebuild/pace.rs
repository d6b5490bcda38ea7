//! How fast a generation is built beside one that serves: with pauses as long as the work, longer ones while callers wait for the model.

use std::time::Duration;

use kernel::Position;
use tokio::time::Instant;

use crate::Progress;

/// Pauses for each time of work, while no caller waits for the model that serves. So at most half a core is used.
const UNAWAITED: u32 = 1;
/// And while one does.
const AWAITED: u32 = 3;
/// Work that takes no time that can be measured is followed by a pause all the same: others come to their turn.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// The pace of one generation.
pub(super) struct Pace<'a> {
    serving: &'a Progress,
    begun: Instant,
    from: Position,
    worked_since: Instant,
}

impl<'a> Pace<'a> {
    /// It begins at a position.
    pub(super) fn new(serving: &'a Progress, from: Position) -> Self {
        let now = Instant::now();
        Self { serving, begun: now, from, worked_since: now }
    }

    /// Work begins.
    pub(super) fn work(&mut self) {
        self.worked_since = Instant::now();
    }

    /// Pauses after work.
    pub(super) async fn pause(&self) {
        let times = if self.serving.is_awaited() { AWAITED } else { UNAWAITED };
        let pause = self.worked_since.elapsed().saturating_mul(times);
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
