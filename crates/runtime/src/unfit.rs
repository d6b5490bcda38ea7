//! Events that a read model or a subscriber cannot take.

use kernel::{DecodeError, Position, Recorded, StreamId, Version};
use thiserror::Error;

/// The longest reason that is kept with an event that was set aside, in characters.
const REASON_MAX: usize = 300;

/// Why an event cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It says nothing to this subscriber: its type is unknown, or it begins a stream that has begun. It is passed over and counted.
    #[error("{0}")]
    Foreign(String),
    /// A newer version of the program recorded it under a schema that this one does not know. To continue without it would be wrong, and so
    /// would be to put it away: the subscriber stops in front of it.
    #[error("{0}")]
    Newer(String),
    /// It cannot be read, or contradicts what happened before. It is set aside.
    #[error("{0}")]
    Broken(String),
}

impl Unfit {
    /// An event that is to be set aside for this reason.
    #[must_use]
    pub fn broken(reason: impl Into<String>) -> Self {
        Self::Broken(reason.into())
    }
}

impl From<DecodeError> for Unfit {
    fn from(error: DecodeError) -> Self {
        let reason = error.to_string();
        match error {
            DecodeError::UnknownType(_) | DecodeError::NotFirst(_) => Self::Foreign(reason),
            DecodeError::UnknownSchema { .. } => Self::Newer(reason),
            DecodeError::NoUpcaster { .. } | DecodeError::Malformed { .. } => Self::Broken(reason),
        }
    }
}

/// An event in front of which a subscriber stopped, because only a newer version of the program reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newer {
    /// Its place in the log.
    pub position: Position,
    /// What it is.
    pub what: String,
}

impl Newer {
    /// The last event that was taken.
    #[must_use]
    pub fn before(&self) -> Position {
        Position(self.position.0.saturating_sub(1))
    }

    /// What happened, what it means, and what to do.
    #[must_use]
    pub fn explained(&self) -> String {
        let Self { position, what } = self;
        format!(
            "it stopped before the event at position {position}: {what}. A newer version of this program recorded it, and continuing without it \
             could be wrong. Start the newer version; nothing is lost meanwhile"
        )
    }
}

/// An event that a subscriber could not take: an entry of its [inbox](crate::inbox).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its place in the log.
    pub position: Position,
    /// Its stream, whose later events wait behind it.
    pub stream: StreamId,
    /// Its place there.
    pub version: Version,
    /// Why it could not be taken, in at most 300 characters.
    pub reason: String,
}

impl SetAside {
    /// This event; a longer reason is cut.
    #[must_use]
    pub fn of(event: &Recorded, reason: &str) -> Self {
        Self {
            position: event.position,
            stream: event.stream.clone(),
            version: event.version,
            reason: reason.chars().take(REASON_MAX).collect(),
        }
    }
}
