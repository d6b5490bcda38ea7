//! A recorded event as the REST API shows it.

use contracts::{
    picture::{PictureEvent, Stored},
    rest::events::{Idempotency, RecordedEvent},
};
use kernel::Recorded;
use serde_json::value::{RawValue, to_raw_value};

/// An event as the REST API shows it.
#[must_use]
pub fn shown(event: &Recorded) -> RecordedEvent {
    let metadata = &event.metadata;
    RecordedEvent {
        position: event.position.0,
        stream: event.stream.to_string(),
        version: event.version.0,
        id: event.id.0,
        r#type: event.kind.to_string(),
        schema: event.schema,
        time: event.time,
        actor: metadata.actor.to_string(),
        correlation: metadata.correlation,
        traceparent: metadata.traceparent.as_deref().map(str::to_owned),
        reactor: metadata.cause.as_ref().map(|cause| cause.reactor.to_string()),
        cause: metadata.cause.as_ref().map(|cause| cause.position.0),
        idempotency: metadata.idempotency.as_ref().map(|known| Idempotency {
            key: known.key,
            request: known.request,
            creates: known.creates,
        }),
        data: data(event),
    }
}

/// The data as recorded, but without the file of a picture: it has an address of its own, and pages of events would be megabytes.
fn data(event: &Recorded) -> Box<RawValue> {
    let file = PictureEvent::of(event);
    let without = file
        .and_then(|PictureEvent::Stored(Stored { picture, bytes: _ })| to_raw_value(picture).ok());
    without.unwrap_or_else(|| event.data.clone().into())
}
