//! Events that a read model or a subscriber cannot take.

use kernel::{DecodeError, Position};
use thiserror::Error;

/// The longest reason that is kept with an event that was set aside, in characters.
const REASON_MAX: usize = 300;

/// Why an event cannot be taken, now or ever.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl From<DecodeError> for Unfit {
    fn from(error: DecodeError) -> Self {
        Self(error.to_string())
    }
}

/// An event that a model could not apply: it changed nothing there, and later events were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its place in the log.
    pub position: Position,
    /// Why it could not be applied, in at most 300 characters.
    pub reason: String,
}

impl SetAside {
    /// The event at `position`; a longer reason is cut.
    #[must_use]
    pub fn new(position: Position, reason: &str) -> Self {
        Self { position, reason: reason.chars().take(REASON_MAX).collect() }
    }
}
