//! Warnings about a subscriber that works: reported for as long as their cause keeps being seen.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, atomic::Ordering},
    time::Duration,
};

use kernel::{Position, sync};

use super::Progress;

/// Warnings by cause, each with the moment at which it is over unless it is given again.
#[derive(Debug, Default)]
pub(super) struct Warnings(Mutex<BTreeMap<&'static str, (String, Duration)>>);

impl Progress {
    /// Warns operators, in a sentence or two, of something that does not stop the work. The warning is kept for as long as it `lasts`;
    /// given again under the same cause, it replaces the one before.
    pub fn warns(&self, cause: &'static str, warning: impl fmt::Display, lasts: Duration) {
        let until = self.0.clock.elapsed() + lasts;
        sync::lock(&self.0.warnings.0).insert(cause, (warning.to_string(), until));
    }

    /// The current warnings.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let now = self.0.clock.elapsed();
        let mut warnings = sync::lock(&self.0.warnings.0);
        warnings.retain(|_, (_, until)| *until > now);
        warnings.values().map(|(warning, _)| warning.clone()).collect()
    }

    /// The log is known to reach to `head`.
    pub fn knows(&self, head: Position) {
        self.0.head.fetch_max(head.0, Ordering::Relaxed);
    }

    /// The last position that it knows of; the start if it does not follow the log, or no more.
    #[must_use]
    pub fn head(&self) -> Position {
        if self.0.done.load(Ordering::Relaxed) {
            return Position::START;
        }
        Position(self.0.head.load(Ordering::Relaxed))
    }
}
