//! Events before and after they are recorded.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Data, EventType, Metadata, Position, StreamId, Timestamp, Version};

/// The identity of one event; an append that is sent again carries the same ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a writer believes of a stream; an append holds only if it is so. There is no "any".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The stream has no event.
    None,
    /// The stream's last event has this version.
    Version(Version),
}

impl Expected {
    /// The version that the first appended event gets.
    #[must_use]
    pub fn first_version(self) -> Version {
        match self {
            Self::None => Version(0),
            Self::Version(last) => last.next(),
        }
    }

    /// The belief about a stream whose last version is `last`.
    #[must_use]
    pub fn after(last: Option<Version>) -> Self {
        last.map_or(Self::None, Self::Version)
    }
}

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Unique in the log; an append that is sent again has the same one.
    pub id: EventId,
    /// Its type.
    pub kind: EventType,
    /// The schema number of `data`.
    pub schema: u32,
    /// Who caused it, and why.
    pub metadata: Metadata,
    /// One JSON object.
    pub data: Box<RawValue>,
}

// ANCHOR: recorded
/// An event in the log. Never changed, moved or removed.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: Version,
    /// Unique in the log.
    pub id: EventId,
    /// Its type.
    pub kind: EventType,
    /// The schema number of `data`.
    pub schema: u32,
    /// When it was recorded, by the event store's clock; the order of events is that of positions, not times.
    pub time: Timestamp,
    /// Who caused it, and why.
    pub metadata: Metadata,
    /// One JSON object.
    pub data: Data,
}
// ANCHOR_END: recorded

impl Recorded {
    /// Bytes it roughly occupies in memory, for bounds on queues and pages.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.stream.as_str().len() + self.data.get().len()
    }
}
