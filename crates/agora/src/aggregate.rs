//! What a system's rules look like: a state that decides about commands and changes with events.

use std::{borrow::Cow, fmt, marker::PhantomData};

use kernel::{Decider, Event};
use serde_json::Value;

/// The events that answer a command, or why there are none.
pub type Decision<E> = Result<Vec<E>, Refused>;

/// Why the rules refuse a command; nothing is recorded then. Over HTTP it is a 409 with these words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub Cow<'static, str>);

/// Refuses a command, for a reason that its sender can read.
pub fn refuse<E>(reason: impl Into<Cow<'static, str>>) -> Decision<E> {
    Err(Refused(reason.into()))
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// All rules about one kind of stream. The value itself is the state; `default()` is a stream without events.
///
/// Pure: what a decision needs of the time or of chance is part of its command.
pub trait Aggregate: Default + Clone + Send + Sync + 'static {
    /// The category of its streams, `CATEGORY-ID`; never changed once something is recorded.
    const CATEGORY: &'static str;
    /// The number of the snapshots' schema. 0 means that there are none: streams stay short.
    const SNAPSHOT_SCHEMA: u32 = 0;
    /// What can be asked for.
    type Command: Clone + Send + Sync + 'static;
    /// What can be recorded, as [`events!`](crate::events) declares it.
    type Event: Event;

    /// The events that answer `command`; none when there is nothing to record.
    fn decide(&self, command: &Self::Command) -> Decision<Self::Event>;

    /// Takes in one event. Total: what is recorded has happened.
    fn evolve(&mut self, event: &Self::Event);

    /// The state as a snapshot, for aggregates with a schema of snapshots.
    fn snapshot(&self) -> Option<Value> {
        None
    }

    /// The state of a snapshot, if it can be read.
    fn restore(_snapshot: Value) -> Option<Self> {
        None
    }
}

/// An aggregate as the layers below know it.
pub(crate) struct Rules<A>(PhantomData<A>);

impl<A: Aggregate> Decider for Rules<A> {
    type State = A;
    type Command = A::Command;
    type Event = A::Event;
    type Rejection = Refused;

    fn decide(state: &A, command: &A::Command) -> Decision<A::Event> {
        state.decide(command)
    }

    fn evolve(state: &mut A, event: &A::Event) {
        state.evolve(event);
    }
}

impl<A: Aggregate> runtime::Aggregate for Rules<A> {
    const CATEGORY: &'static str = A::CATEGORY;
    const SNAPSHOT_SCHEMA: u32 = A::SNAPSHOT_SCHEMA;

    fn snapshot(state: &A) -> Option<Value> {
        state.snapshot()
    }

    fn restore(snapshot: Value) -> Option<A> {
        A::restore(snapshot)
    }
}
