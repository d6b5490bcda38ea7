//! Recorded events as CloudEvents 1.0 in JSON.

use std::{borrow::Cow, sync::Arc};

use kernel::{
    Actor, Cause, EventId, EventType, Idempotency, Metadata, Position, Recorded, StreamId,
    Timestamp, Version,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::Names;

use super::{KEY_BYTES_MAX, Malformed, Wire, from_json, to_json};

const SPECVERSION: &str = "1.0";

/// The routing key of an event: the stream's category and what happened, such as `account.opened`. Two very long names are
/// cut.
#[must_use]
pub fn routing_key(event: &Recorded) -> String {
    let kind = event.kind.as_str();
    let happened = kind.split_once('.').map_or(kind, |(_, happened)| happened);
    let mut key = format!("{}.{happened}", event.stream.category());
    // Names are ASCII.
    key.truncate(KEY_BYTES_MAX);
    key
}

/// Encoded events as one message.
#[must_use]
pub fn batch(events: &[Vec<u8>]) -> Vec<u8> {
    let mut batch = vec![b'['];
    batch.extend(events.join(&b','));
    batch.push(b']');
    batch
}

/// The events of such a message.
pub fn parse_batch(bytes: &[u8], names: &Names) -> Result<Vec<Recorded>, Malformed> {
    let events: Vec<&RawValue> = from_json(bytes)?;
    events.into_iter().map(|event| Recorded::decode(event.get().as_bytes(), names)).collect()
}

/// An event on its way out.
#[derive(Serialize)]
pub(super) struct CloudEvent<'a> {
    specversion: &'static str,
    id: EventId,
    source: String,
    r#type: String,
    subject: &'a str,
    time: Timestamp,
    dataschema: String,
    datacontenttype: &'static str,
    position: Position,
    version: Version,
    #[serde(flatten)]
    context: Context<'a>,
    data: &'a RawValue,
}

/// Metadata as extensions, whose names have only small letters and digits.
#[derive(Serialize)]
pub(super) struct Context<'a> {
    actor: &'a Actor,
    correlationid: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reactor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotencykey: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotencyrequest: Option<Uuid>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    idempotencycreates: bool,
}

/// An event that arrived. Nothing is flattened here: that would parse `data`.
#[derive(Deserialize)]
pub(super) struct Arrived<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    id: EventId,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    time: Timestamp,
    #[serde(borrow)]
    dataschema: Cow<'a, str>,
    position: Position,
    version: Version,
    actor: Actor,
    correlationid: Uuid,
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

impl Wire for Recorded {
    fn encode(&self, names: &Names) -> Vec<u8> {
        to_json(&CloudEvent::of(self, names))
    }

    fn decode(bytes: &[u8], names: &Names) -> Result<Self, Malformed> {
        from_json::<Arrived<'_>>(bytes)?.recorded(names)
    }
}

impl<'a> CloudEvent<'a> {
    pub(super) fn of(event: &'a Recorded, names: &Names) -> Self {
        Self {
            specversion: SPECVERSION,
            id: event.id,
            source: names.source(event.stream.category()),
            r#type: names.event_type(&event.kind),
            subject: event.stream.as_str(),
            time: event.time,
            dataschema: names.dataschema(&event.kind, event.schema),
            datacontenttype: "application/json",
            position: event.position,
            version: event.version,
            context: (&event.metadata).into(),
            data: &event.data,
        }
    }
}

impl<'a> From<&'a Metadata> for Context<'a> {
    fn from(metadata: &'a Metadata) -> Self {
        let Metadata { actor, correlation, traceparent, cause, idempotency } = metadata;
        Self {
            actor,
            correlationid: *correlation,
            traceparent: traceparent.as_deref(),
            reactor: cause.as_ref().map(|cause| &*cause.reactor),
            cause: cause.as_ref().map(|cause| cause.position),
            idempotencykey: idempotency.as_ref().map(|idempotency| idempotency.key),
            idempotencyrequest: idempotency.as_ref().map(|idempotency| idempotency.request),
            idempotencycreates: idempotency.as_ref().is_some_and(|idempotency| idempotency.creates),
        }
    }
}

impl Arrived<'_> {
    pub(super) fn recorded(self, names: &Names) -> Result<Recorded, Malformed> {
        let event = self;
        if event.specversion != SPECVERSION {
            return Err(Malformed::because(&format!(
                "specversion is {:?}, not 1.0",
                event.specversion
            )));
        }
        let kind = names.own(&event.r#type).ok_or_else(|| {
            Malformed::because(&format!(
                "type is {:?} and does not begin with {}.",
                event.r#type,
                names.prefix()
            ))
        })?;
        let idempotency =
            idempotency(event.idempotencykey, event.idempotencyrequest, event.idempotencycreates);
        Ok(Recorded {
            position: event.position,
            stream: stream(&event.subject)?,
            version: event.version,
            id: event.id,
            kind: event_type(kind)?,
            schema: schema(&event.dataschema)?,
            time: event.time,
            metadata: Metadata {
                actor: event.actor,
                correlation: event.correlationid,
                traceparent: event.traceparent,
                cause: cause(event.reactor, event.cause),
                idempotency,
            },
            data: object(event.data)?.into(),
        })
    }
}

pub(super) fn stream(name: &str) -> Result<StreamId, Malformed> {
    StreamId::parse(name).map_err(|error| Malformed::because(&error))
}

pub(super) fn event_type(name: &str) -> Result<EventType, Malformed> {
    EventType::parse(name).map_err(|error| Malformed::because(&error))
}

pub(super) fn cause(reactor: Option<Arc<str>>, position: Option<Position>) -> Option<Cause> {
    reactor.zip(position).map(|(reactor, position)| Cause { reactor, position })
}

pub(super) fn idempotency(
    key: Option<Uuid>,
    request: Option<Uuid>,
    creates: bool,
) -> Option<Idempotency> {
    key.zip(request).map(|(key, request)| Idempotency { key, request, creates, as_sent: None })
}

/// The data as it came, if it is an object.
pub(super) fn object(data: &RawValue) -> Result<Box<RawValue>, Malformed> {
    if data.get().starts_with('{') {
        Ok(data.to_owned())
    } else {
        Err(Malformed("data is not a JSON object".to_owned()))
    }
}

fn schema(dataschema: &str) -> Result<u32, Malformed> {
    let number = dataschema.rsplit_once(':').and_then(|(_, number)| number.parse().ok());
    number.ok_or_else(|| {
        Malformed::because(&format!("dataschema {dataschema:?} does not end in a schema number"))
    })
}
