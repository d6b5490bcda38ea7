//! Events before and after they are recorded, and their place in the log.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Data, EventType, Metadata, StreamId, Timestamp};

/// The identity of one event; an append that is sent again carries the same ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event's place in its stream, dense from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event's place in the whole log, from 1 without gaps; 0 is before the first event.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Position {
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
    pub id: EventId,
    pub kind: EventType,
    /// The schema number of `data`.
    pub schema: u32,
    pub metadata: Metadata,
    /// One JSON object.
    pub data: Box<RawValue>,
}

/// An event in the log. Never changed, moved or removed.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub position: Position,
    pub stream: StreamId,
    pub version: Version,
    pub id: EventId,
    pub kind: EventType,
    /// The schema number of `data`.
    pub schema: u32,
    /// When it was recorded, by the event store's clock; the order of events is that of positions, not times.
    pub time: Timestamp,
    pub metadata: Metadata,
    pub data: Data,
}

impl Recorded {
    /// Bytes it roughly occupies in memory, for bounds on queues and pages.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.stream.as_str().len() + self.data.get().len()
    }
}
