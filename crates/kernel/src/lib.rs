//! The vocabulary of an event-sourced system: events, streams, versions, positions, deciders, time and ids.
//!
//! Everything here is pure: no async, no I/O, no clock and no randomness but what is passed in. A system of your own starts
//! here and in `runtime`.

mod actor;
mod data;
mod decide;
mod event;
mod family;
mod ids;
mod json;
mod metadata;
mod stream;
pub mod text;
mod time;

pub use actor::{Actor, ActorError};
pub use data::Data;
pub use decide::{Decider, DecodeError, Event};
pub use event::{EventId, Expected, NewEvent, Position, Recorded, Version};
pub use ids::Ids;
pub use json::Fields;
pub use metadata::{Cause, Idempotency, Metadata};
pub use stream::{EventType, StreamId, StreamIdError};
pub use time::{Clock, Timestamp, TimestampError};

/// What [`events!`] needs where it is used; no part of the library's interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::json::{
        Members, RawValue, Upcaster, check_upcasters, member, members, parse, read, renewed, write,
    };
}
