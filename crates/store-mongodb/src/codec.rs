//! Events ↔ MongoDB's documents, as the table in [`super`] says.

use std::fmt::Display;

use kernel::{
    Cause, EventId, EventType, Idempotency, Metadata, Position, Recorded, StreamId, Timestamp,
    Version,
};
use mongodb::bson::{Binary, RawDocument, RawDocumentBuf, cstr, rawdoc, spec::BinarySubtype};
use serde_json::value::RawValue;
use uuid::Uuid;

use store::{plan::PastEvent, port::StoreFailure};

/// A number as MongoDB keeps it; none of ours reaches 2^63.
pub(super) fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The document of an event; `latest` is the latest time up to it, which is kept where a clock went back, so that a time can be
/// found by halving all the same.
pub(super) fn document(event: &Recorded, latest: Timestamp) -> RawDocumentBuf {
    let mut document = rawdoc! {
        "_id": long(event.position.0),
        "position": long(event.position.0),
        "stream": event.stream.as_str(),
        "version": long(event.version.0),
        "category": event.stream.category(),
        "id": binary(event.id.0),
        "type": event.kind.as_str(),
        "schema": i64::from(event.schema),
        "time": event.time.micros(),
        "meta": metadata(&event.metadata),
        "data": event.data.get(),
    };
    if latest > event.time {
        document.append(cstr!("latest"), latest.micros());
    }
    document
}

fn metadata(metadata: &Metadata) -> RawDocumentBuf {
    let Metadata { actor, correlation, traceparent, cause, idempotency } = metadata;
    let mut document = rawdoc! { "actor": actor.to_string(), "correlation": binary(*correlation) };
    if let Some(traceparent) = traceparent {
        document.append(cstr!("traceparent"), &**traceparent);
    }
    if let Some(Cause { reactor, position }) = cause {
        document.append(cstr!("reactor"), &**reactor);
        document.append(cstr!("cause"), long(position.0));
    }
    if let Some(Idempotency { key, request, creates, as_sent: _ }) = idempotency {
        let idempotency =
            rawdoc! { "key": binary(*key), "request": binary(*request), "creates": *creates };
        document.append(cstr!("idempotency"), idempotency);
    }
    document
}

fn binary(id: Uuid) -> Binary {
    Binary { subtype: BinarySubtype::Uuid, bytes: id.into_bytes().to_vec() }
}

/// The event in a document that we once wrote.
pub(super) fn event(document: &RawDocument) -> Result<Recorded, StoreFailure> {
    let position = position(document)?;
    let fields = Fields { document, position };
    let meta = document.get_document("meta").map_err(|error| fields.foreign(&error))?;
    let data = RawValue::from_string(fields.text("data")?.to_owned());
    Ok(Recorded {
        position,
        stream: StreamId::parse(fields.text("stream")?).map_err(|error| fields.foreign(&error))?,
        version: fields.version()?,
        id: fields.id()?,
        kind: EventType::parse(fields.text("type")?).map_err(|error| fields.foreign(&error))?,
        schema: u32::try_from(fields.number("schema")?).map_err(|error| fields.foreign(&error))?,
        time: fields.time()?,
        metadata: Fields { document: meta, position }.metadata()?,
        data: data.map_err(|error| fields.foreign(&error))?.into(),
    })
}

/// The position that a document has.
pub(super) fn position(document: &RawDocument) -> Result<Position, StoreFailure> {
    let number = document.get_i64("position").ok().and_then(|at| u64::try_from(at).ok());
    number.filter(|position| *position > 0).map(Position).ok_or_else(|| {
        StoreFailure("a document of the collection events has no position".to_owned())
    })
}

/// The version in a document that has at least this.
pub(super) fn version(document: &RawDocument) -> Result<Version, StoreFailure> {
    Fields { document, position: Position::START }.version()
}

/// The latest time of all events up to this, in a document that has at least `time`, `latest` if it has one, and its position.
pub(super) fn latest(document: &RawDocument) -> Result<Timestamp, StoreFailure> {
    let fields = Fields { document, position: position(document)? };
    if fields.has("latest")? {
        return fields.number("latest").map(Timestamp::from_micros);
    }
    fields.time()
}

/// Id, position and time of a document that has at least these.
pub(super) fn past(document: &RawDocument) -> Result<PastEvent, StoreFailure> {
    let position = position(document)?;
    let fields = Fields { document, position };
    Ok(PastEvent { id: fields.id()?, position, time: fields.time()? })
}

/// The fields of a document, or of a part of it.
struct Fields<'a> {
    document: &'a RawDocument,
    position: Position,
}

impl<'a> Fields<'a> {
    fn foreign(&self, what: &dyn Display) -> StoreFailure {
        StoreFailure(format!("position {}: {what}", self.position))
    }

    fn text(&self, name: &str) -> Result<&'a str, StoreFailure> {
        self.document.get_str(name).map_err(|error| self.foreign(&error))
    }

    fn number(&self, name: &str) -> Result<i64, StoreFailure> {
        self.document.get_i64(name).map_err(|error| self.foreign(&error))
    }

    fn uuid(&self, name: &str) -> Result<Uuid, StoreFailure> {
        let binary = self.document.get_binary(name).map_err(|error| self.foreign(&error))?;
        Uuid::from_slice(binary.bytes).map_err(|error| self.foreign(&error))
    }

    fn id(&self) -> Result<EventId, StoreFailure> {
        self.uuid("id").map(EventId)
    }

    fn version(&self) -> Result<Version, StoreFailure> {
        let version = u64::try_from(self.number("version")?);
        version.map(Version).map_err(|error| self.foreign(&error))
    }

    fn time(&self) -> Result<Timestamp, StoreFailure> {
        self.number("time").map(Timestamp::from_micros)
    }

    fn has(&self, name: &str) -> Result<bool, StoreFailure> {
        let found = self.document.get(name).map_err(|error| self.foreign(&error))?;
        Ok(found.is_some())
    }

    fn metadata(&self) -> Result<Metadata, StoreFailure> {
        let actor = self.text("actor")?.parse();
        let mut metadata =
            Metadata::of(actor.map_err(|error| self.foreign(&error))?, self.uuid("correlation")?);
        if self.has("traceparent")? {
            metadata.traceparent = Some(self.text("traceparent")?.into());
        }
        if self.has("cause")? {
            let position = u64::try_from(self.number("cause")?);
            let position = Position(position.map_err(|error| self.foreign(&error))?);
            metadata.cause = Some(Cause { reactor: self.text("reactor")?.into(), position });
        }
        if self.has("idempotency")? {
            let document =
                self.document.get_document("idempotency").map_err(|error| self.foreign(&error))?;
            let part = Fields { document, position: self.position };
            metadata.idempotency = Some(Idempotency {
                key: part.uuid("key")?,
                request: part.uuid("request")?,
                creates: document.get_bool("creates").map_err(|error| self.foreign(&error))?,
                as_sent: None,
            });
        }
        Ok(metadata)
    }
}
