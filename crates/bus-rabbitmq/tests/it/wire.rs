//! The JSON of messages: read back as it was written, under the names of its system, and refused with a reason where it is something else.

use std::sync::Arc;

use bus_rabbitmq::{
    Names,
    wire::{self, Wire},
};
use kernel::{
    Actor, Cause, EventId, EventType, Expected, Idempotency, Metadata, NewEvent, Position,
    Recorded, StreamId, Timestamp, Version,
};
use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};
use store::{Announcement, Append, Appended, Page, Read};
use uuid::Uuid;

use crate::rabbit::names;

const EVENT: &str = r#"{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000001","source":"/bank/account","type":"bank.account.paid-in","subject":"account-7","time":"2023-11-14T22:13:20.123456Z","dataschema":"urn:bank:account.paid-in:1","datacontenttype":"application/json","position":9,"version":3,"actor":"teller:4","correlationid":"00000000-0000-0000-0000-000000000002","data":{"amount":  1.50}}"#;

#[test]
fn an_event_is_a_cloudevent_under_the_names_of_its_system() {
    let event = Recorded::decode(EVENT.as_bytes(), &names()).expect("an event");
    assert_eq!(event.kind.as_str(), "account.paid-in");
    assert_eq!(event.metadata.actor, Actor::of("teller", "4").expect("well-formed"));
    assert_eq!(text(&event.encode(&names())), EVENT);
    assert_eq!(wire::routing_key(&event), "account.paid-in");

    let other = Names::new("mill").expect("well-formed");
    let refused = Recorded::decode(EVENT.as_bytes(), &other).expect_err("another system's");
    assert!(refused.to_string().contains("does not begin with mill."), "{refused}");
    let theirs = event.encode(&other);
    assert!(text(&theirs).contains(r#""type":"mill.account.paid-in""#), "{}", text(&theirs));
    assert!(text(&theirs).contains(r#""dataschema":"urn:mill:account.paid-in:1""#));
    assert!(text(&theirs).contains(r#""source":"/mill/account""#));
}

#[test]
fn the_longest_names_fit_into_a_routing_key() {
    let mut event = Recorded::decode(EVENT.as_bytes(), &names()).expect("an event");
    event.stream = StreamId::parse(&format!("{}-1", "c".repeat(198))).expect("a stream");
    event.kind = EventType::parse(&format!("t.{}", "x".repeat(198))).expect("a type");
    assert_eq!(wire::routing_key(&event).len(), 255);
}

#[test]
fn a_reason_is_short_however_long_what_is_wrong() {
    let long = json!({ "position": "x".repeat(1 << 20) }).to_string();
    let error = Position::decode(long.as_bytes(), &names()).expect_err("no number").to_string();
    assert!(error.starts_with("invalid type") && error.len() <= 300, "{}", error.len());
}

#[test]
fn members_that_are_not_known_are_ignored_and_their_order_is_free() {
    let mut value: Value = serde_json::from_str(EVENT).expect("JSON");
    value["comexampleextension"] = json!({ "a": [1, 2] });
    let event = Recorded::decode(value.to_string().as_bytes(), &names()).expect("an event");
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
        (with("type", json!("com.example.sold")), "does not begin with bank."),
        (with("type", json!("bank.Sold!")), "is not of the form category.name"),
        (with("subject", json!("account")), "is not of the form category-id"),
        (with("dataschema", json!("urn:bank:x:new")), "does not end in a schema number"),
        (with("actor", json!("King:1")), "is not an actor"),
        (with("time", json!("yesterday")), "is not a time"),
        (with("data", json!([1])), "data is not a JSON object"),
        (json!("hello"), "invalid type"),
    ] {
        let error =
            Recorded::decode(value.to_string().as_bytes(), &names()).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
    for bytes in [&b""[..], b"{", b"\xff\xfe", EVENT.as_bytes().split_last().expect("bytes").1] {
        Recorded::decode(bytes, &names()).expect_err("not JSON");
    }
}

#[test]
fn what_is_no_append_is_an_error_that_says_why() {
    let event =
        json!({ "id": Uuid::from_u128(1), "type": "account.opened", "schema": 1, "data": {} });
    let mut no_object = event.clone();
    no_object["data"] = json!(7);
    for (value, said) in [
        (json!({ "stream": "account-1", "events": [event] }), "missing field `expected`"),
        (
            json!({ "stream": "account-1", "expected": "any", "events": [event] }),
            "expected \"none\" or the stream's last version",
        ),
        (
            json!({ "stream": "account-1", "expected": -1, "events": [event] }),
            "expected \"none\" or the stream's last version",
        ),
        (json!({ "stream": "x", "expected": 1, "events": [event] }), "category-id"),
        (
            json!({ "stream": "account-1", "expected": 1, "events": [no_object] }),
            "data is not a JSON object",
        ),
    ] {
        let error =
            Append::decode(value.to_string().as_bytes(), &names()).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
}

proptest! {
    #[test]
    fn every_event_comes_back_as_it_went(event in recorded()) {
        let back = Recorded::decode(&event.encode(&names()), &names()).expect("an event");
        prop_assert_eq!(format!("{back:?}"), format!("{event:?}"));
    }

    #[test]
    fn events_told_together_come_back_as_they_went(
        events in prop::collection::vec(recorded(), 1..4),
    ) {
        let encoded: Vec<_> = events.iter().map(|event| event.encode(&names())).collect();
        let back = wire::parse_batch(&wire::batch(&encoded), &names()).expect("events");
        prop_assert_eq!(format!("{back:?}"), format!("{events:?}"));
    }

    #[test]
    fn every_append_comes_back_as_it_went(
        events in prop::collection::vec(recorded(), 1..4),
        last in prop::option::of(any::<u64>()),
    ) {
        let append = Append {
            stream: StreamId::new("account", 1).expect("a name"),
            expected: Expected::after(last.map(Version)),
            events: events.into_iter().map(as_new).collect(),
        };
        let back = Append::decode(&append.encode(&names()), &names()).expect("an append");
        prop_assert_eq!(format!("{back:?}"), format!("{append:?}"));
    }

    #[test]
    fn every_page_comes_back_as_it_went(
        events in prop::collection::vec(recorded(), 0..4),
        (head, next, end) in any::<(u64, u64, bool)>(),
    ) {
        let events = events.into_iter().map(Arc::new).collect();
        let page = Page { events, head: Position(head), next: Position(next), end };
        let back = Page::decode(&page.encode(&names()), &names()).expect("a page");
        prop_assert_eq!(format!("{back:?}"), format!("{page:?}"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _any = (Recorded::decode(&bytes, &names()), Append::decode(&bytes, &names()), Appended::decode(&bytes, &names()));
        let _any = (Read::decode(&bytes, &names()), Page::decode(&bytes, &names()), Announcement::decode(&bytes, &names()));
    }

    #[test]
    fn no_mutilated_event_makes_it_panic(at in 0..EVENT.len(), byte in any::<u8>()) {
        let mut bytes = EVENT.as_bytes().to_vec();
        if let Some(victim) = bytes.get_mut(at) {
            *victim = byte;
        }
        let _any = Recorded::decode(&bytes, &names());
    }
}

fn recorded() -> impl Strategy<Value = Recorded> {
    let ids = any::<(u128, u128, u64, u64, u32)>();
    // Years that have four digits.
    let time = 0..253_402_300_799_000_000_i64;
    let data = any::<String>().prop_map(|text| json!({ "Text": text }).to_string());
    (ids, time, data, metadata()).prop_map(|(ids, time, data, metadata)| Recorded {
        position: Position(ids.2),
        stream: StreamId::new("account", ids.3).expect("a name"),
        version: Version(ids.3),
        id: EventId(Uuid::from_u128(ids.0)),
        kind: EventType::parse("account.opened").expect("a type"),
        schema: ids.4,
        time: Timestamp::from_micros(time),
        metadata: Metadata { correlation: Uuid::from_u128(ids.1), ..metadata },
        data: RawValue::from_string(data).expect("JSON").into(),
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
    NewEvent { id, kind, schema, metadata, data: data.into() }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("JSON is text")
}
