//! The JSON of every message, as the description of the bus has it: what is written here is read by programs in other languages.
//!
//! The messages stand in `golden/`, where `tests/examples` checks the same ones against `docs/asyncapi.yaml`.

use std::sync::Arc;

use bus_rabbitmq::wire::{self, Wire};
use kernel::{
    Actor, Cause, EventId, EventType, Expected, Idempotency, Metadata, NewEvent, Position,
    Recorded, StreamId, Timestamp, Version,
};
use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};
use store::{Address, Announcement, Append, Appended, Balance, Lag, Page, Read};
use uuid::Uuid;

/// A message of `golden/`.
macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("golden/", $name, ".json")).trim_ascii_end()
    };
}

const EVENT: &str = golden!("event");

#[test]
fn an_event_is_a_cloudevent_whose_data_is_left_as_it_is() {
    let event = Recorded::decode(EVENT.as_bytes()).expect("an event");
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
    assert_eq!(text(&event.encode()), EVENT);
    assert_eq!(wire::routing_key(&event), "product.stock-reserved");
}

#[test]
fn the_routing_key_has_the_category_of_the_stream() {
    let mut event = Recorded::decode(EVENT.as_bytes()).expect("an event");
    event.stream = StreamId::parse("catalogue-categories").expect("a stream");
    assert_eq!(wire::routing_key(&event), "catalogue.stock-reserved");
    assert!(text(&event.encode()).contains(r#""source":"/agora/catalogue""#));
}

#[test]
fn the_longest_names_fit_into_a_routing_key() {
    let mut event = Recorded::decode(EVENT.as_bytes()).expect("an event");
    event.stream = StreamId::parse(&format!("{}-1", "c".repeat(198))).expect("a stream");
    event.kind = EventType::parse(&format!("t.{}", "x".repeat(198))).expect("a type");
    assert_eq!(wire::routing_key(&event).len(), 255);
}

#[test]
fn a_reason_is_short_however_long_what_is_wrong() {
    let long = json!({ "position": "x".repeat(1 << 20) }).to_string();
    let error = Position::decode(long.as_bytes()).expect_err("no number").to_string();
    assert!(error.starts_with("invalid type") && error.len() <= 300, "{}", error.len());
}

#[test]
fn members_that_are_not_known_are_ignored_and_their_order_is_free() {
    let mut value: Value = serde_json::from_str(EVENT).expect("JSON");
    value["comexampleextension"] = json!({ "a": [1, 2] });
    let event = Recorded::decode(value.to_string().as_bytes()).expect("an event");
    assert_eq!(event.position, Position(9));
}

#[test]
fn what_is_no_event_of_ours_is_an_error_that_says_why() {
    let without = |member: &str| {
        let mut value: Value = serde_json::from_str(EVENT).expect("JSON");
        value.as_object_mut().expect("an object").remove(member);
        value
    };
    let with = |member: &str, other: Value| {
        let mut value: Value = serde_json::from_str(EVENT).expect("JSON");
        value[member] = other;
        value
    };
    for (value, said) in [
        (without("position"), "missing field `position`"),
        (without("data"), "missing field `data`"),
        (with("specversion", json!("0.3")), "specversion is \"0.3\", not 1.0"),
        (with("type", json!("com.example.sold")), "does not begin with agora."),
        (with("type", json!("agora.Sold!")), "is not of the form category.name"),
        (with("subject", json!("product")), "is not of the form category-id"),
        (with("dataschema", json!("urn:agora:x:new")), "ends in no schema number"),
        (with("actor", json!("king:1")), "is no actor"),
        (with("time", json!("yesterday")), "is not a time"),
        (with("data", json!([1])), "data is not a JSON object"),
        (json!("hello"), "invalid type"),
    ] {
        let error = Recorded::decode(value.to_string().as_bytes()).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
    for bytes in [&b""[..], b"{", b"\xff\xfe", EVENT.as_bytes().split_last().expect("bytes").1] {
        Recorded::decode(bytes).expect_err("not JSON");
    }
}

#[test]
fn an_append_names_the_stream_what_is_expected_and_the_events() {
    let append = Append::decode(golden!("append-bare").as_bytes()).expect("an append");
    assert_eq!((append.stream.as_str(), append.expected), ("order-1", Expected::None));
    let event = append.events.first().expect("an event");
    assert_eq!(event.metadata, Metadata::of(Actor::anonymous(), Uuid::from_u128(1)));

    let append = Append {
        stream: StreamId::parse("order-1").expect("a stream"),
        expected: Expected::Version(Version(7)),
        events: Arc::from(vec![new_event()]),
    };
    assert_eq!(text(&append.encode()), golden!("append"));
}

#[test]
fn what_is_no_append_is_an_error_that_says_why() {
    let event =
        json!({ "id": Uuid::from_u128(1), "type": "order.placed", "schema": 1, "data": {} });
    let mut no_object = event.clone();
    no_object["data"] = json!(7);
    for (value, said) in [
        (json!({ "stream": "order-1", "events": [event] }), "missing field `expected`"),
        (
            json!({ "stream": "order-1", "expected": "any", "events": [event] }),
            "expected \"none\" or the stream's last version",
        ),
        (
            json!({ "stream": "order-1", "expected": -1, "events": [event] }),
            "expected \"none\" or the stream's last version",
        ),
        (json!({ "stream": "x", "expected": 1, "events": [event] }), "category-id"),
        (
            json!({ "stream": "order-1", "expected": 1, "events": [no_object] }),
            "data is not a JSON object",
        ),
    ] {
        let error = Append::decode(value.to_string().as_bytes()).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn the_replies_to_an_append() {
    let recorded =
        Appended::Recorded { first: Position(5), last: Position(6), version: Version(1) };
    for (reply, golden) in [
        (recorded, golden!("appended")),
        (Appended::Conflict { version: Some(Version(7)) }, golden!("conflict")),
        (Appended::Conflict { version: None }, golden!("conflict-none")),
        (Appended::Refused { reason: "too large".to_owned() }, golden!("refused")),
    ] {
        assert_eq!(text(&reply.encode()), golden);
        assert_eq!(Appended::decode(golden.as_bytes()), Ok(reply));
    }
    let refused = Appended::Refused { reason: "no".to_owned() };
    assert_eq!(Appended::decode(&wire::refused("no")), Ok(refused));
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
        assert_eq!(text(&read.encode()), golden);
        let back = Read::decode(golden.as_bytes()).expect("a read");
        assert_eq!(format!("{back:?}"), format!("{read:?}"));
    }
    let from_the_start = Read::decode(golden!("read-stream-whole").as_bytes()).expect("a read");
    assert!(matches!(from_the_start, Read::Stream { from: Version(0), .. }));
    for bad in [
        r"{}",
        r#"{"stream":"order-1","position":1}"#,
        r#"{"stream":"order-1","version":1,"last":true}"#,
        r#"{"stream":"nothing"}"#,
        r#"{"position":-1}"#,
    ] {
        Read::decode(bad.as_bytes()).expect_err(bad);
    }
}

#[test]
fn a_page_holds_events_as_they_are_broadcast_and_says_the_head() {
    let golden = golden!("page");
    let page = Page::decode(golden.as_bytes()).expect("a page");
    assert_eq!(
        (page.events.len(), page.head, page.next, page.end),
        (1, Position(12), Position(10), false)
    );
    assert_eq!(text(&page.encode()), golden);
    let error = Page::decode(&wire::refused("no such thing")).expect_err("refused").to_string();
    assert_eq!(error, "the read was refused: no such thing");
}

#[test]
fn what_the_system_says_of_itself() {
    assert_eq!(text(&Position(7).encode()), golden!("head"));
    assert_eq!(Position::decode(br#"{"position":7,"more":1}"#), Ok(Position(7)));
    let golden = golden!("service");
    let announcement = Announcement {
        name: "product".to_owned(),
        instance: "a".to_owned(),
        address: Address::Http("http://127.0.0.1:80".to_owned()),
        routes: vec!["/product".to_owned()],
        version: "0.1.0".to_owned(),
        ready: true,
        lag: [("model".to_owned(), Lag { events: 1, seconds: 0.5 })].into(),
        set_aside: 0,
        throughput: 2.5,
        balances: vec![Balance { name: "received = on hand + sold".to_owned(), left: 3, right: 3 }],
    };
    assert_eq!(text(&announcement.encode()), golden);
    assert_eq!(Announcement::decode(golden.as_bytes()), Ok(announcement));
}

#[test]
fn every_name_that_others_must_know_is_listed() {
    let listed: Value = serde_json::from_str(golden!("names")).expect("JSON");
    let names = json!({
        "exchanges": [
            bus_rabbitmq::EVENTS, bus_rabbitmq::BATCHES, bus_rabbitmq::SERVICES, bus_rabbitmq::REQUESTS
        ],
        "queues": [bus_rabbitmq::APPEND, bus_rabbitmq::READ, bus_rabbitmq::DEAD_LETTERS],
        "system": [wire::RECORDED, wire::HEAD, wire::SERVICE],
        "content_types": [wire::CLOUDEVENT, wire::CLOUDEVENTS, wire::JSON],
    });
    assert_eq!(listed, names);
}

proptest! {
    #[test]
    fn every_event_comes_back_as_it_went(event in recorded()) {
        let back = Recorded::decode(&event.encode()).expect("an event");
        prop_assert_eq!(format!("{back:?}"), format!("{event:?}"));
    }

    #[test]
    fn events_told_together_come_back_as_they_went(
        events in prop::collection::vec(recorded(), 1..4),
    ) {
        let encoded: Vec<_> = events.iter().map(Wire::encode).collect();
        let back = wire::parse_batch(&wire::batch(&encoded)).expect("events");
        prop_assert_eq!(format!("{back:?}"), format!("{events:?}"));
    }

    #[test]
    fn every_append_comes_back_as_it_went(
        events in prop::collection::vec(recorded(), 1..4),
        last in prop::option::of(any::<u64>()),
    ) {
        let append = Append {
            stream: StreamId::new("order", 1).expect("a name"),
            expected: Expected::after(last.map(Version)),
            events: events.into_iter().map(as_new).collect(),
        };
        let back = Append::decode(&append.encode()).expect("an append");
        prop_assert_eq!(format!("{back:?}"), format!("{append:?}"));
    }

    #[test]
    fn every_page_comes_back_as_it_went(
        events in prop::collection::vec(recorded(), 0..4),
        (head, next, end) in any::<(u64, u64, bool)>(),
    ) {
        let events = events.into_iter().map(Arc::new).collect();
        let page = Page { events, head: Position(head), next: Position(next), end };
        let back = Page::decode(&page.encode()).expect("a page");
        prop_assert_eq!(format!("{back:?}"), format!("{page:?}"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _any = (Recorded::decode(&bytes), Append::decode(&bytes), Appended::decode(&bytes));
        let _any = (Read::decode(&bytes), Page::decode(&bytes), Announcement::decode(&bytes));
    }

    #[test]
    fn no_mutilated_event_makes_it_panic(at in 0..EVENT.len(), byte in any::<u8>()) {
        let mut bytes = EVENT.as_bytes().to_vec();
        if let Some(victim) = bytes.get_mut(at) {
            *victim = byte;
        }
        let _any = Recorded::decode(&bytes);
    }
}

fn recorded() -> impl Strategy<Value = Recorded> {
    let ids = any::<(u128, u128, u64, u64, u32)>();
    // Years that have four digits.
    let time = 0..253_402_300_799_000_000_i64;
    let data = any::<String>().prop_map(|text| json!({ "Text": text }).to_string());
    (ids, time, data, metadata()).prop_map(|(ids, time, data, metadata)| Recorded {
        position: Position(ids.2),
        stream: StreamId::new("order", ids.3).expect("a name"),
        version: Version(ids.3),
        id: EventId(Uuid::from_u128(ids.0)),
        kind: EventType::parse("order.placed").expect("a type"),
        schema: ids.4,
        time: Timestamp::from_micros(time),
        metadata: Metadata { correlation: Uuid::from_u128(ids.1), ..metadata },
        data: RawValue::from_string(data).expect("JSON"),
    })
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let actor = prop_oneof![
        ("[a-z]{1,8}", any::<String>())
            .prop_map(|(kind, id)| Actor::of(&kind, &id).expect("well-formed")),
        any::<String>().prop_map(|name| Actor::reactor(&name)),
        Just(Actor::anonymous()),
    ];
    let traceparent = prop::option::of(any::<String>().prop_map(Arc::from));
    let cause = prop::option::of(
        any::<(String, u64)>()
            .prop_map(|(reactor, at)| Cause { reactor: reactor.into(), position: Position(at) }),
    );
    let idempotency =
        prop::option::of(any::<(u128, u128, bool)>().prop_map(|(key, request, creates)| {
            let (key, request) = (Uuid::from_u128(key), Uuid::from_u128(request));
            Idempotency { key, request, creates, as_sent: None }
        }));
    (actor, traceparent, cause, idempotency).prop_map(|(actor, traceparent, cause, idempotency)| {
        Metadata { actor, correlation: Uuid::nil(), traceparent, cause, idempotency }
    })
}

fn as_new(event: Recorded) -> NewEvent {
    let Recorded { id, kind, schema, metadata, data, .. } = event;
    NewEvent { id, kind, schema, metadata, data }
}

fn new_event() -> NewEvent {
    let mut metadata =
        Metadata::of(Actor::of("teller", "4").expect("well-formed"), Uuid::from_u128(2));
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
