//! How an aggregate decides: state × command → events, state × event → state (the Decider of Jérémie Chassaing).

use serde_json::value::RawValue;
use thiserror::Error;

use crate::Recorded;

// ANCHOR: decider
/// A pure aggregate: all rules of one kind of stream, with nothing of how it is stored.
pub trait Decider: Send + Sync + 'static {
    /// What the events so far amount to; `default()` is a stream without events.
    type State: Default + Clone + Send + Sync + 'static;
    /// What is asked for, with everything the decision needs (the time, drawn ids).
    type Command: Clone + Send + Sync + 'static;
    /// What can be recorded.
    type Event: Event;
    /// Why a command is refused; nothing is recorded then.
    type Rejection: Clone + Send + Sync + 'static;

    /// The events that answer `command`; none when there is nothing to record.
    fn decide(
        state: &Self::State,
        command: &Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// `state` after `event`. Total: what is recorded has happened, whatever one thinks of it now.
    fn evolve(state: &mut Self::State, event: &Self::Event);
}
// ANCHOR_END: decider

/// The events of one family as data: a type name, a schema number and JSON.
///
/// [`events!`](crate::events) writes it from one line per type.
pub trait Event: Clone + Send + Sync + Sized + 'static {
    /// Every type of the family with its current schema number.
    const TYPES: &'static [(&'static str, u32)];

    /// The type's name, `category.past-tense`.
    fn kind(&self) -> &'static str;

    /// The number of the schema in which [`encode`](Self::encode) writes it.
    fn schema(&self) -> u32;

    /// The event's data as one JSON object.
    fn encode(&self) -> Box<RawValue>;

    /// The event's data, with its schema number, as programs write it that read no schema beyond `newest`: of the current schema if that is not
    /// beyond. None if the family does not say how it is written for them.
    fn encode_for(&self, newest: u32) -> Option<(u32, Box<RawValue>)> {
        (newest >= self.schema()).then(|| (self.schema(), self.encode()))
    }

    /// Reads data of any schema ever released, upcasting older ones.
    fn decode(kind: &str, schema: u32, data: &RawValue) -> Result<Self, DecodeError>;

    /// The event in a record of the family's category, also checked to be where its type may be. It is parsed once, however
    /// many read the record.
    fn read(recorded: &Recorded) -> Result<&Self, DecodeError> {
        let (kind, schema) = (recorded.kind.as_str(), recorded.schema);
        recorded.data.parsed(|json| Self::decode(kind, schema, json))
    }
}

/// Why recorded data is not an event of a family.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// No type of the family has this name.
    #[error("{0:?} is not an event type of this family")]
    UnknownType(String),
    /// A later release of the program wrote it.
    #[error("schema {schema} of {kind:?} is newer than this program")]
    UnknownSchema {
        /// The event type.
        kind: String,
        /// The schema number in the record.
        schema: u32,
    },
    /// The family does not say how to read a schema this old.
    #[error(
        "schema {schema} of {kind:?} is older than this program reads: it has no upcaster to the next one"
    )]
    NoUpcaster {
        /// The event type.
        kind: String,
        /// The schema number that no upcaster starts from.
        schema: u32,
    },
    /// The data is not what its schema says.
    #[error("{kind:?} does not parse: {source}")]
    Malformed {
        /// The event type.
        kind: String,
        /// What the parser reports.
        source: serde_json::Error,
    },
    /// The family says that this type only begins streams.
    #[error("{0:?} must be the first event of its stream")]
    NotFirst(String),
}
