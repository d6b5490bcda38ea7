//! The vocabulary of an event-sourced system: events, streams, versions, positions, deciders, time and ids.
//!
//! Everything here is pure: no async, no I/O, no clock and no randomness but what is passed in. All other crates of the platform speak
//! in these types. Use it alone for rules that know nothing of how they are stored; `runtime` carries out their commands, the front door puts a
//! whole system together.
//!
//! It is not a framework: it does not store, send or start anything. It knows nothing of money or people: an [`Actor`] is a kind and an
//! id that the system chooses.
//!
//! A decider (after Jérémie Chassaing) is two pure functions: state and command give events, state and event give the next state.
//!
//! ```
//! use kernel::{Decider, Event, events};
//!
//! events! { TillEvent {
//!     Received { cents: u32 } = "till.received" @ 1,
//!     Paid { cents: u32 } = "till.paid" @ 1,
//! } }
//!
//! struct Till;
//!
//! #[derive(Clone)]
//! enum Command {
//!     Receive(u32),
//!     Pay(u32),
//! }
//!
//! impl Decider for Till {
//!     type State = u32; // what it holds, in cents
//!     type Command = Command;
//!     type Event = TillEvent;
//!     type Rejection = &'static str;
//!
//!     fn decide(held: &u32, command: &Command) -> Result<Vec<TillEvent>, &'static str> {
//!         match *command {
//!             Command::Receive(cents) => Ok(vec![TillEvent::Received { cents }]),
//!             Command::Pay(cents) if cents > *held => Err("The till holds too little."),
//!             Command::Pay(cents) => Ok(vec![TillEvent::Paid { cents }]),
//!         }
//!     }
//!
//!     fn evolve(held: &mut u32, event: &TillEvent) {
//!         match event {
//!             TillEvent::Received { cents } => *held += cents,
//!             TillEvent::Paid { cents } => *held -= cents,
//!         }
//!     }
//! }
//!
//! let mut held = 0;
//! for event in Till::decide(&held, &Command::Receive(500))? {
//!     Till::evolve(&mut held, &event);
//! }
//! assert_eq!(held, 500);
//! assert_eq!(Till::decide(&held, &Command::Pay(501)), Err("The till holds too little."));
//!
//! // As it is recorded: a type, the number of its schema, and JSON.
//! let event = TillEvent::Paid { cents: 5 };
//! assert_eq!((event.kind(), event.schema()), ("till.paid", 1));
//! assert_eq!(event.encode().get(), r#"{"cents":5}"#);
//! # Ok::<(), &str>(())
//! ```

#![deny(missing_docs)]

mod actor;
mod data;
mod decide;
mod event;
mod family;
mod ids;
mod json;
mod metadata;
mod place;
mod stream;
pub mod sync;
pub mod text;
mod time;

pub use actor::{Actor, ActorError};
pub use data::Data;
pub use decide::{Decider, DecodeError, Event};
pub use event::{EventId, Expected, NewEvent, Recorded};
pub use ids::Ids;
pub use json::Fields;
pub use metadata::{Cause, Idempotency, Metadata};
pub use place::{Position, Version};
pub use stream::{EventType, StreamId, StreamIdError};
pub use time::{Clock, Timestamp, TimestampError};

/// What [`events!`] needs where it is used; no part of the library's interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::json::{
        Members, RawValue, Step, check_steps, member, members, parse, read, renewed, stepped_back,
        write,
    };
}
