//! The JSON of every message, as the description of the bus has it: what is written here is read by programs in other languages.
//!
//! The messages stand in `golden/`, where `tests/examples` checks the same ones against `docs/asyncapi.yaml`.

use std::sync::Arc;

use bus_rabbitmq::{
    Names,
    wire::{self, Wire},
};
use contracts::{actor, names::PREFIX};
use kernel::{
    Actor, Cause, EventId, EventType, Expected, Idempotency, Metadata, NewEvent, Position,
    Recorded, StreamId, Timestamp, Version,
};
use serde_json::{Value, json, value::RawValue};
use store::{Address, Announcement, Append, Appended, Balance, Kept, Lag, Page, Read};
use uuid::Uuid;

/// A message of `golden/`.
macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../golden/", $name, ".json")).trim_ascii_end()
    };
}

const EVENT: &str = golden!("event");

fn names() -> Names {
    Names::new(PREFIX).expect("well-formed")
}

#[test]
fn an_event_is_a_cloudevent_whose_data_is_left_as_it_is() {
    let event = Recorded::decode(EVENT.as_bytes(), &names()).expect("an event");
    assert_eq!(event.position, Position(9));
    assert_eq!(event.stream.as_str(), "product-7");
    assert_eq!(event.version, Version(3));
    assert_eq!(event.kind.as_str(), "product.stock-reserved");
    assert_eq!(event.schema, 1);
    assert_eq!(event.time, Timestamp::from_micros(1_700_000_000_123_456));
    assert_eq!(event.metadata.actor, Actor::reactor("product"));
    assert_eq!(
        event.metadata.cause,
        Some(Cause { reactor: "product".into(), position: Position(8) })
    );
    assert!(event.data.get().ends_with(r#","weight":  1.50}"#), "{}", event.data);
    assert_eq!(text(&event.encode(&names())), EVENT);
    assert_eq!(wire::routing_key(&event), "product.stock-reserved");
}

#[test]
fn the_routing_key_has_the_category_of_the_stream() {
    let mut event = Recorded::decode(EVENT.as_bytes(), &names()).expect("an event");
    event.stream = StreamId::parse("catalogue-categories").expect("a stream");
    assert_eq!(wire::routing_key(&event), "catalogue.stock-reserved");
    assert!(text(&event.encode(&names())).contains(r#""source":"/agora/catalogue""#));
}

#[test]
fn an_append_names_the_stream_what_is_expected_and_the_events() {
    let append = Append::decode(golden!("append-bare").as_bytes(), &names()).expect("an append");
    assert_eq!((append.stream.as_str(), append.expected), ("order-1", Expected::None));
    let event = append.events.first().expect("an event");
    assert_eq!(event.metadata, Metadata::of(Actor::anonymous(), Uuid::from_u128(1)));

    let append = Append {
        stream: StreamId::parse("order-1").expect("a stream"),
        expected: Expected::Version(Version(7)),
        events: Arc::from(vec![new_event()]),
    };
    assert_eq!(text(&append.encode(&names())), golden!("append"));
}

#[test]
fn the_replies_to_an_append() {
    let recorded = |time| Appended::Recorded {
        first: Position(5),
        last: Position(6),
        version: Version(1),
        time,
    };
    for (reply, golden) in [
        (recorded(None), golden!("appended")),
        (recorded(Some(Timestamp::from_micros(1_700_000_000_123_456))), golden!("appended-time")),
        (Appended::Conflict { version: Some(Version(7)) }, golden!("conflict")),
        (Appended::Conflict { version: None }, golden!("conflict-none")),
        (Appended::Refused { reason: "too large".to_owned() }, golden!("refused")),
    ] {
        assert_eq!(text(&reply.encode(&names())), golden);
        assert_eq!(Appended::decode(golden.as_bytes(), &names()), Ok(reply));
    }
    let refused = Appended::Refused { reason: "no".to_owned() };
    assert_eq!(Appended::decode(&wire::refused("no"), &names()), Ok(refused));
}

#[test]
fn the_three_reads() {
    let stream = StreamId::parse("order-1").expect("a stream");
    let categories = vec!["order".to_owned(), "product".to_owned()];
    for (read, golden) in [
        (Read::Stream { stream: stream.clone(), from: Version(3) }, golden!("read-stream")),
        (Read::Last { stream }, golden!("read-last")),
        (Read::All { from: Position(u64::MAX), categories: Vec::new() }, golden!("read-all")),
        (Read::All { from: Position(1), categories }, golden!("read-categories")),
    ] {
        assert_eq!(text(&read.encode(&names())), golden);
        let back = Read::decode(golden.as_bytes(), &names()).expect("a read");
        assert_eq!(format!("{back:?}"), format!("{read:?}"));
    }
    let from_the_start =
        Read::decode(golden!("read-stream-whole").as_bytes(), &names()).expect("a read");
    assert!(matches!(from_the_start, Read::Stream { from: Version(0), .. }));
    for bad in [
        r"{}",
        r#"{"stream":"order-1","position":1}"#,
        r#"{"stream":"order-1","version":1,"last":true}"#,
        r#"{"stream":"nothing"}"#,
        r#"{"position":-1}"#,
    ] {
        Read::decode(bad.as_bytes(), &names()).expect_err(bad);
    }
}

#[test]
fn a_page_holds_events_as_they_are_broadcast_and_says_the_head() {
    let golden = golden!("page");
    let page = Page::decode(golden.as_bytes(), &names()).expect("a page");
    assert_eq!(
        (page.events.len(), page.head, page.next, page.end),
        (1, Position(12), Position(10), false)
    );
    assert_eq!(text(&page.encode(&names())), golden);
    let error =
        Page::decode(&wire::refused("no such thing"), &names()).expect_err("refused").to_string();
    assert_eq!(error, "the read was refused: no such thing");
}

#[test]
fn what_the_system_says_of_itself() {
    assert_eq!(text(&Position(7).encode(&names())), golden!("head"));
    assert_eq!(Position::decode(br#"{"position":7,"more":1}"#, &names()), Ok(Position(7)));
    let golden = golden!("service");
    let announcement = Announcement {
        name: "product".to_owned(),
        instance: "a".to_owned(),
        address: Address::Http("http://127.0.0.1:80".to_owned()),
        routes: vec!["/product".to_owned()],
        version: "0.1.0".to_owned(),
        ready: true,
        trouble: None,
        warnings: vec!["Its database lacks an index.".to_owned()],
        slow: Some("Recording takes 200 ms.".to_owned()),
        clock: Some("2026-01-31T12:00:00.000000Z".parse().expect("a time")),
        model: Some(Kept { engine: "SQLite".to_owned(), trouble: None }),
        lag: [("model".to_owned(), Lag { events: 1, seconds: 0.5, still: 0.25 })].into(),
        set_aside: 0,
        throughput: 2.5,
        balances: vec![Balance::new("received = on hand + sold", 3, 3)],
        reads: [("order.placed".to_owned(), 2)].into(),
    };
    assert_eq!(text(&announcement.encode(&names())), golden);
    assert_eq!(Announcement::decode(golden.as_bytes(), &names()), Ok(announcement));
}

#[test]
fn every_name_that_others_must_know_is_listed() {
    let listed: Value = serde_json::from_str(golden!("names")).expect("JSON");
    let names = names();
    let names = json!({
        "exchanges": [
            &*names.events, &*names.batches, &*names.services, &*names.requests
        ],
        "queues": [&*names.append, &*names.read, &*names.dead_letters],
        "system": [wire::RECORDED, wire::HEAD, wire::SERVICE],
        "content_types": [wire::CLOUDEVENT, wire::CLOUDEVENTS, wire::JSON],
    });
    assert_eq!(listed, names);
}

fn new_event() -> NewEvent {
    let mut metadata = Metadata::of(actor::customer(Uuid::from_u128(4)), Uuid::from_u128(2));
    metadata.idempotency = Some(Idempotency {
        key: Uuid::from_u128(5),
        request: Uuid::from_u128(6),
        creates: true,
        as_sent: None,
    });
    NewEvent {
        id: EventId(Uuid::from_u128(1)),
        kind: EventType::parse("order.placed").expect("a type"),
        schema: 3,
        metadata,
        data: RawValue::from_string(r#"{"N": 1}"#.to_owned()).expect("JSON"),
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("JSON is text")
}
