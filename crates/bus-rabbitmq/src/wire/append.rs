//! Appends and their replies.

use std::{borrow::Cow, fmt, sync::Arc};

use kernel::{Actor, EventId, Expected, Metadata, NewEvent, Position, Timestamp, Version};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::Names;

use super::{Malformed, Wire, event, from_json, to_json};
use store::{Append, Appended};

#[derive(Serialize)]
struct Request<'a> {
    stream: &'a str,
    expected: Belief,
    events: Vec<Leaving<'a>>,
}

#[derive(Serialize)]
struct Leaving<'a> {
    id: EventId,
    r#type: &'a str,
    schema: u32,
    #[serde(flatten)]
    context: event::Context<'a>,
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Arrived<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
    expected: Belief,
    #[serde(borrow)]
    events: Vec<ArrivedEvent<'a>>,
}

/// A new event that arrived. Nothing is flattened here: that would parse `data`.
#[derive(Deserialize)]
struct ArrivedEvent<'a> {
    id: EventId,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    schema: u32,
    /// Anonymous, unless given.
    actor: Option<Actor>,
    /// The event's own id, unless given: the same however often the append is sent.
    correlationid: Option<Uuid>,
    traceparent: Option<Arc<str>>,
    reactor: Option<Arc<str>>,
    cause: Option<Position>,
    idempotencykey: Option<Uuid>,
    idempotencyrequest: Option<Uuid>,
    #[serde(default)]
    idempotencycreates: bool,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "lowercase")]
enum Reply {
    Appended {
        first: Position,
        last: Position,
        version: Version,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<Timestamp>,
    },
    Conflict {
        version: Option<Version>,
    },
    Refused {
        reason: String,
    },
}

impl Wire for Append {
    fn encode(&self, _: &Names) -> Vec<u8> {
        to_json(&Request {
            stream: self.stream.as_str(),
            expected: Belief(self.expected),
            events: self.events.iter().map(Leaving::from).collect(),
        })
    }

    fn decode(bytes: &[u8], _: &Names) -> Result<Self, Malformed> {
        let Arrived { stream, expected, events } = from_json(bytes)?;
        let events: Result<Arc<[NewEvent]>, Malformed> =
            events.into_iter().map(NewEvent::try_from).collect();
        Ok(Self { stream: event::stream(&stream)?, expected: expected.0, events: events? })
    }
}

impl Wire for Appended {
    fn encode(&self, _: &Names) -> Vec<u8> {
        to_json(&match self.clone() {
            Self::Recorded { first, last, version, time } => {
                Reply::Appended { first, last, version, time }
            }
            Self::Conflict { version } => Reply::Conflict { version },
            Self::Refused { reason } => Reply::Refused { reason },
        })
    }

    fn decode(bytes: &[u8], _: &Names) -> Result<Self, Malformed> {
        Ok(match from_json(bytes)? {
            Reply::Appended { first, last, version, time } => {
                Self::Recorded { first, last, version, time }
            }
            Reply::Conflict { version } => Self::Conflict { version },
            Reply::Refused { reason } => Self::Refused { reason },
        })
    }
}

impl<'a> From<&'a NewEvent> for Leaving<'a> {
    fn from(event: &'a NewEvent) -> Self {
        Self {
            id: event.id,
            r#type: event.kind.as_str(),
            schema: event.schema,
            context: (&event.metadata).into(),
            data: &event.data,
        }
    }
}

impl TryFrom<ArrivedEvent<'_>> for NewEvent {
    type Error = Malformed;

    fn try_from(arrived: ArrivedEvent<'_>) -> Result<Self, Malformed> {
        let idempotency = event::idempotency(
            arrived.idempotencykey,
            arrived.idempotencyrequest,
            arrived.idempotencycreates,
        );
        Ok(Self {
            id: arrived.id,
            kind: event::event_type(&arrived.r#type)?,
            schema: arrived.schema,
            metadata: Metadata {
                actor: arrived.actor.unwrap_or(Actor::anonymous()),
                correlation: arrived.correlationid.unwrap_or(arrived.id.0),
                traceparent: arrived.traceparent,
                cause: event::cause(arrived.reactor, arrived.cause),
                idempotency,
            },
            data: event::object(arrived.data)?,
        })
    }
}

/// What is expected of a stream: `"none"`, or its last version as a number.
struct Belief(Expected);

impl Serialize for Belief {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Expected::None => serializer.serialize_str("none"),
            Expected::Version(Version(last)) => serializer.serialize_u64(last),
        }
    }
}

impl<'de> Deserialize<'de> for Belief {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BeliefVisitor)
    }
}

struct BeliefVisitor;

impl Visitor<'_> for BeliefVisitor {
    type Value = Belief;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"none\" or the stream's last version")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Belief, E> {
        match text {
            "none" => Ok(Belief(Expected::None)),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, last: u64) -> Result<Belief, E> {
        Ok(Belief(Expected::Version(Version(last))))
    }
}
