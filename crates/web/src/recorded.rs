//! Recorded events that an answer is made of: a newer version may have recorded some that this one does not read.

use kernel::{Decider, DecodeError, Event, Position, Recorded, StreamId};

use crate::{Problem, ServiceContext};

/// The event in a record, for an answer that is made of it; none if it is of an unknown type, or cannot be read.
///
/// Aggregates decide as if such an event had changed nothing, and an answer shows what commands are decided on. What is malformed is
/// reported where it is set aside. One of a newer schema did change something: 503, because any answer without it would be wrong.
pub fn event_of<E: Event>(recorded: &Recorded) -> Result<Option<&E>, Problem> {
    match E::read(recorded) {
        Ok(event) => Ok(Some(event)),
        Err(error @ DecodeError::UnknownSchema { .. }) => {
            Err(Problem::newer_to_show(&error.to_string()))
        }
        Err(
            DecodeError::UnknownType(_)
            | DecodeError::NotFirst(_)
            | DecodeError::NoUpcaster { .. }
            | DecodeError::Malformed { .. },
        ) => Ok(None),
    }
}

impl<M: ?Sized> ServiceContext<M> {
    // ANCHOR: fold
    /// State after the events of a stream, all of them or those up to `until`; see [`event_of`] for those that cannot be read.
    pub async fn fold<D: Decider>(
        &self,
        stream: &StreamId,
        until: Option<Position>,
    ) -> Result<D::State, Problem> {
        let events = self.store().read_stream(stream, until).await?;
        let mut state = D::State::default();
        for event in &events {
            if let Some(event) = event_of(event)? {
                D::evolve(&mut state, event);
            }
        }
        Ok(state)
    }
    // ANCHOR_END: fold
}
