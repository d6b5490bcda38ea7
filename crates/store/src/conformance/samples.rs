//! Appends to make, and stores read whole.

use std::sync::Arc;

use crate::{Append, Appended, Read};
use crate::{Reader, StoreFailure, Writer};
use kernel::{
    Actor, Cause, EventId, EventType, Expected, Idempotency, Metadata, NewEvent, Position,
    Recorded, StreamId, Timestamp, Version,
};
use serde_json::value::RawValue;
use uuid::Uuid;

/// An append of one event per id, behind `last`.
pub fn append(stream: &str, last: Option<u64>, ids: &[u128]) -> Append {
    let events: Vec<NewEvent> = ids.iter().map(|id| event(*id, "{\"n\":1}")).collect();
    Append {
        stream: StreamId::parse(stream).expect("a stream's name"),
        expected: Expected::after(last.map(Version)),
        events: events.into(),
    }
}

/// An append of one event with so many bytes of data.
pub fn large(stream: &str, id: u128, bytes: usize) -> Append {
    let data = format!("{{\"x\":\"{}\"}}", "é".repeat(bytes / 2));
    Append { events: [event(id, &data)].into(), ..append(stream, None, &[]) }
}

/// An event with every kind of metadata.
pub fn rich(id: u128) -> NewEvent {
    let mut event = event(id, "{ \"b\" : 1.50,\n \"a\":[1e3,\"\\u0000é\"] }");
    event.schema = 3;
    event.metadata.actor = Actor::reactor("account");
    event.metadata.traceparent = Some("00-1-2-01".into());
    event.metadata.cause = Some(Cause { reactor: "account".into(), position: Position(9) });
    event.metadata.idempotency = Some(Idempotency {
        key: Uuid::from_u128(5),
        request: Uuid::from_u128(6),
        creates: true,
        as_sent: None,
    });
    event
}

/// An event with this id and these data, which must be JSON.
pub fn event(id: u128, data: &str) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(id)),
        kind: EventType::parse("depot.opened").expect("a type's name"),
        schema: 1,
        metadata: Metadata::of(Actor::of("teller", "4").expect("well-formed"), Uuid::from_u128(2)),
        data: RawValue::from_string(data.to_owned()).expect("JSON"),
    }
}

/// Commits one append.
pub async fn commit(writer: &mut impl Writer, append: &Append) -> Result<Appended, StoreFailure> {
    let commit = writer.commit(std::slice::from_ref(append), Timestamp::from_micros(1)).await?;
    Ok(commit.answers.into_iter().next().expect("an answer"))
}

/// The answer to an append recorded at these positions, whose last event has this version.
pub fn done(first: u64, last: u64, version: u64) -> Appended {
    Appended::Recorded {
        first: Position(first),
        last: Position(last),
        version: Version(version),
        time: Some(Timestamp::from_micros(1)),
    }
}

/// All events from the first on, in pages.
pub async fn read_all(reader: &dyn Reader) -> Vec<Arc<Recorded>> {
    let (mut from, mut all) = (Position(1), Vec::new());
    loop {
        let page = reader.read(&Read::All { from, categories: Vec::new() }).await.expect("a page");
        all.extend(page.events);
        if page.end {
            return all;
        }
        from = page.next;
    }
}

/// All events; positions are dense from 1, versions from 0, and no id is there twice.
pub async fn read_sound(reader: &dyn Reader) -> Vec<Arc<Recorded>> {
    let all = read_all(reader).await;
    let mut versions = std::collections::BTreeMap::<StreamId, u64>::new();
    let mut ids = std::collections::BTreeSet::new();
    for (event, position) in all.iter().zip(1..) {
        assert_eq!(event.position.0, position, "positions are dense");
        let next = versions.entry(event.stream.clone()).or_default();
        assert_eq!(event.version.0, *next, "versions of {} are dense", event.stream);
        *next += 1;
        assert!(ids.insert(event.id), "{} is recorded twice", event.id);
    }
    assert_eq!(reader.head().await.expect("a head").0, all.len() as u64);
    all
}
