//! Warnings about a subscriber that works: reported for as long as their cause keeps being seen.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, atomic::Ordering},
    time::Duration,
};

use kernel::{Position, sync};

use super::Progress;

/// What is given by a cause, each with the moment at which it is over unless it is given again.
type Given = BTreeMap<&'static str, (String, Duration)>;

/// What does not stop the work.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    warnings: Mutex<Given>,
    /// What makes it slow.
    slow: Mutex<Given>,
}

impl Progress {
    /// Warns operators, in a sentence or two, of something that does not stop the work. The warning is kept for as long as it `lasts`;
    /// given again under the same cause, it replaces the one before.
    pub fn warns(&self, cause: &'static str, warning: impl fmt::Display, lasts: Duration) {
        let until = self.0.clock.elapsed() + lasts;
        sync::lock(&self.0.warnings.warnings).insert(cause, (warning.to_string(), until));
    }

    /// Reports, in a sentence or two, that it works and is slow. Kept like a warning; [`Self::recovers_pace`] ends it sooner.
    pub fn slows(&self, cause: &'static str, reason: impl fmt::Display, lasts: Duration) {
        let until = self.0.clock.elapsed() + lasts;
        sync::lock(&self.0.warnings.slow).insert(cause, (reason.to_string(), until));
    }

    /// Reports that it is no longer slow for that cause.
    pub fn recovers_pace(&self, cause: &'static str) {
        sync::lock(&self.0.warnings.slow).remove(cause);
    }

    /// Why it is slow now, in a sentence or two.
    #[must_use]
    pub fn slow(&self) -> Option<String> {
        current(&self.0.warnings.slow, self.0.clock.elapsed()).into_iter().next()
    }

    /// Forgets what was warned of: what caused it is known to be over.
    pub fn forget_warnings(&self) {
        let Warnings { warnings, slow } = &self.0.warnings;
        sync::lock(warnings).clear();
        sync::lock(slow).clear();
    }

    /// The current warnings.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        current(&self.0.warnings.warnings, self.0.clock.elapsed())
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

/// What is not over yet.
fn current(given: &Mutex<Given>, now: Duration) -> Vec<String> {
    let mut given = sync::lock(given);
    given.retain(|_, (_, until)| *until > now);
    given.values().map(|(text, _)| text.clone()).collect()
}
