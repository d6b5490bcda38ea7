//! The vocabulary of an event-sourced system: events, streams, versions, positions, deciders, time and ids.
//!
//! Everything here is pure: no async, no I/O, no clock and no randomness but what is passed in. A system of your own starts
//! here and in `runtime`.

mod actor;
mod decide;
mod event;
mod ids;
mod metadata;
mod stream;
pub mod text;
mod time;

pub use actor::{Actor, ActorError};
pub use decide::{Decider, DecodeError, Event};
pub use event::{EventId, Expected, NewEvent, Position, Recorded, Version};
pub use ids::Ids;
pub use metadata::{Cause, Idempotency, Metadata};
pub use stream::{EventType, StreamId, StreamIdError};
pub use time::{Clock, Timestamp, TimestampError};
