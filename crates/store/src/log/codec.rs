//! Events ↔ the log's records: metadata and schema number as one small JSON object, data as it came.

use eventlog::Record;
use kernel::{EventId, EventType, Metadata, Position, Recorded, StreamId, Timestamp, Version};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::port::StoreFailure;

/// The metadata of a record: the schema number before the rest.
#[derive(Serialize, Deserialize)]
struct Envelope<M> {
    schema: u32,
    meta: M,
}

/// The bytes of an event's metadata.
pub(super) fn metadata(event: &Recorded) -> Vec<u8> {
    let envelope = Envelope { schema: event.schema, meta: &event.metadata };
    serde_json::to_vec(&envelope).expect("metadata is plain data")
}

/// The event in a record that we once wrote.
pub(super) fn event(record: Record<'_>) -> Result<Recorded, StoreFailure> {
    let foreign = |what: &dyn std::fmt::Display| {
        StoreFailure(format!("position {}: {what}", record.position))
    };
    let envelope: Envelope<Metadata> =
        serde_json::from_slice(record.metadata).map_err(|error| foreign(&error))?;
    let data = std::str::from_utf8(record.data).map_err(|error| foreign(&error))?;
    Ok(Recorded {
        position: Position(record.position),
        stream: StreamId::parse(record.stream).map_err(|error| foreign(&error))?,
        version: Version(record.version),
        id: EventId(Uuid::from_bytes(record.id)),
        kind: EventType::parse(record.kind).map_err(|error| foreign(&error))?,
        schema: envelope.schema,
        time: Timestamp::from_micros(record.time_us),
        metadata: envelope.meta,
        data: RawValue::from_string(data.to_owned()).map_err(|error| foreign(&error))?.into(),
    })
}
