//! A recorded event as projections, reactions and followers see it.

use kernel::{DecodeError, Event, Metadata, Position, Recorded, StreamId, Timestamp, Version};
use runtime::Unfit;

/// An event of the family `E` with its place in the log.
#[derive(Clone, Debug)]
pub struct Happened<E> {
    /// What happened.
    pub event: E,
    /// The stream it was recorded in.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: Version,
    /// Its place in the log: a key that is never used twice.
    pub position: Position,
    /// When it was recorded; positions, not times, say what came first.
    pub time: Timestamp,
    /// Who caused it, and why.
    pub metadata: Metadata,
}

impl<E: Event> Happened<E> {
    /// The event in a record, if it is of this family; an error if it is and cannot be read.
    pub fn of(recorded: &Recorded) -> Result<Option<Self>, Unfit> {
        if !E::TYPES.iter().any(|(kind, _)| *kind == recorded.kind.as_str()) {
            return Ok(None);
        }
        let event = E::read(recorded).map_err(|error: DecodeError| Unfit::from(error))?;
        Ok(Some(Self {
            event: event.clone(),
            stream: recorded.stream.clone(),
            version: recorded.version,
            position: recorded.position,
            time: recorded.time,
            metadata: recorded.metadata.clone(),
        }))
    }

    /// The id in the name of the event's stream: what follows the category.
    #[must_use]
    pub fn id(&self) -> &str {
        self.stream.id()
    }
}
