//! A family of events over time: its first schema, its later ones, and what was recorded in between.

use std::cell::Cell;

use kernel::{
    Actor, DecodeError, Event, EventId, EventType, Fields, Metadata, Position, Recorded, StreamId,
    Timestamp, Version,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json, value::RawValue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Owner {
    first: String,
    last: String,
    #[serde(default)]
    born: Option<u16>,
}

kernel::events! {
    /// An account after two changes of its first event.
    AccountEvent {
        /// Schema 1: `name`, one text. Schema 2: `owner`, two texts. Schema 3: amounts in cents.
        Opened { owner: Owner, cents: i64, note: Option<String> } = OPENED "account.opened" @ 3 first { from 1 => opened_1, from 2 => opened_2 },
        /// Schema 1 was in euros; its upcaster to 2 was lost.
        Moved { cents: i64 } = "account.moved" @ 3 { from 2 => moved_2 },
        Renamed(Owner) = "account.renamed" @ 2 { from 1 => opened_1, to 1 => opened_for_1 },
        /// What reads schema 2 is known; what reads schema 1 is not.
        Closed { cents: i64 } = "account.closed" @ 3 { from 1 => opened_1, to 2 => closed_for_2 },
        Frozen {} = "account.frozen" @ 1,
    }
}

/// One text became two.
fn opened_1(data: &mut Fields) {
    let name =
        data.remove("name").and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
    let (first, last) = name.split_once(' ').unwrap_or(("", &name));
    data.insert("owner".to_owned(), json!({ "first": first, "last": last }));
    data.extend([("first".to_owned(), first.into()), ("last".to_owned(), last.into())]);
}

/// Euros became cents.
fn opened_2(data: &mut Fields) {
    let euros = data.remove("euros").and_then(|euros| euros.as_i64());
    data.extend(euros.map(|euros| ("cents".to_owned(), Value::from(euros * 100))));
}

/// Two texts were one.
fn opened_for_1(data: &mut Fields) {
    let mut part = |name| data.remove(name).and_then(|part| part.as_str().map(str::to_owned));
    let name = [part("first"), part("last")].map(Option::unwrap_or_default).join(" ");
    data.clear();
    data.insert("name".to_owned(), name.into());
}

/// Cents were euros.
fn closed_for_2(data: &mut Fields) {
    let cents = data.remove("cents").and_then(|cents| cents.as_i64());
    data.extend(cents.map(|cents| ("euros".to_owned(), Value::from(cents / 100))));
}

fn moved_2(data: &mut Fields) {
    opened_2(data);
}

thread_local! {
    /// How often a note was parsed.
    static PARSED: Cell<u32> = const { Cell::new(0) };
}

fn counted<'de, D: Deserializer<'de>>(json: D) -> Result<String, D::Error> {
    PARSED.set(PARSED.get() + 1);
    String::deserialize(json)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    #[serde(deserialize_with = "counted")]
    text: String,
}

kernel::events! {
    /// Notes, which count how often they are parsed.
    NoteEvent {
        Written(Note) = "note.written" @ 1 first,
    }
}

fn recorded(kind: &str, version: u64, data: &Value) -> Recorded {
    Recorded {
        position: Position(version + 1),
        stream: StreamId::new("note", 1).expect("a name"),
        version: Version(version),
        id: EventId(uuid::Uuid::nil()),
        kind: EventType::parse(kind).expect("a type"),
        schema: 1,
        time: Timestamp::default(),
        metadata: Metadata::of(Actor::anonymous(), uuid::Uuid::nil()),
        data: raw(data).into(),
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("a value is JSON")
}

fn decoded(kind: &str, schema: u32, data: &Value) -> Result<AccountEvent, DecodeError> {
    AccountEvent::decode(kind, schema, &raw(data))
}

fn opened(cents: i64) -> AccountEvent {
    let owner = Owner { first: "Ada".to_owned(), last: "Lovelace".to_owned(), born: None };
    AccountEvent::Opened { owner, cents, note: None }
}

#[test]
fn a_record_is_parsed_once_for_all_who_read_it() {
    let note = recorded("note.written", 0, &json!({ "text": "eggs" }));
    let first = NoteEvent::read(&note).expect("a note");
    assert_eq!(*first, NoteEvent::Written(Note { text: "eggs".to_owned() }));
    for _ in 0..3 {
        assert!(std::ptr::eq(NoteEvent::read(&note).expect("a note"), first));
        assert!(std::ptr::eq(NoteEvent::of(&note).expect("a note"), first));
    }
    assert_eq!(PARSED.get(), 1);
    // Another record has data of its own, also where it was made from the first one.
    let changed = Recorded { data: raw(&json!({ "text": "milk" })).into(), ..note.clone() };
    let milk = NoteEvent::Written(Note { text: "milk".to_owned() });
    assert_eq!(NoteEvent::of(&changed), Some(&milk));
    assert_eq!(NoteEvent::of(&note.clone()), Some(first));
    assert_eq!(PARSED.get(), 3);
}

#[test]
fn what_cannot_be_read_says_so_to_every_reader() {
    let no_text = recorded("note.written", 0, &json!({}));
    let later = recorded("note.written", 1, &json!({ "text": "eggs" }));
    for _ in 0..2 {
        let missing = NoteEvent::read(&no_text).expect_err("it has no text").to_string();
        assert!(
            missing.starts_with("\"note.written\" does not parse: missing field `text`"),
            "{missing}"
        );
        let misplaced = NoteEvent::read(&later);
        assert!(matches!(misplaced, Err(DecodeError::NotFirst(_))), "{misplaced:?}");
        let foreign = AccountEvent::read(&later);
        assert!(matches!(foreign, Err(DecodeError::UnknownType(_))), "{foreign:?}");
    }
}

#[test]
fn older_schemas_are_upcast_step_by_step() {
    let kind = AccountEvent::OPENED;
    let of_1 = json!({ "name": "Ada Lovelace", "euros": 7 });
    let of_2 = json!({ "owner": { "first": "Ada", "last": "Lovelace" }, "euros": 7 });
    let of_3 = json!({ "owner": { "first": "Ada", "last": "Lovelace", "born": null }, "cents": 700, "note": null });
    for (schema, data) in [(0, &of_1), (1, &of_1), (2, &of_2), (3, &of_3)] {
        assert_eq!(
            decoded(kind, schema, data).expect("it is read"),
            opened(700),
            "schema {schema}"
        );
    }
    let renamed = decoded("account.renamed", 1, &json!({ "name": "Ada Lovelace" }));
    let AccountEvent::Renamed(owner) = renamed.expect("a struct is upcast too") else {
        panic!("another event")
    };
    assert_eq!(owner.last, "Lovelace");
}

#[test]
fn what_has_no_upcaster_is_not_read_as_something_else() {
    // Its members fit the current schema by chance; the meaning of the number would be another.
    for (schema, data) in [(1, json!({ "cents": 5 })), (1, json!({ "euros": 5 }))] {
        let error = decoded("account.moved", schema, &data).expect_err("schema 1 has no upcaster");
        assert!(matches!(error, DecodeError::NoUpcaster { schema: 1, .. }), "{error}");
        assert!(error.to_string().contains("no upcaster"), "{error}");
    }
    assert_eq!(
        decoded("account.moved", 2, &json!({ "euros": 5 })).expect("2 has one"),
        AccountEvent::Moved { cents: 500 }
    );
}

#[test]
fn what_is_newer_unknown_or_misses_a_field_is_told_apart() {
    let newer = decoded("account.frozen", 2, &json!({})).expect_err("the future");
    assert!(matches!(newer, DecodeError::UnknownSchema { schema: 2, .. }), "{newer}");
    let unknown = decoded("account.melted", 1, &json!({})).expect_err("no such type");
    assert!(matches!(unknown, DecodeError::UnknownType(_)), "{unknown}");
    for (kind, schema, data) in [
        ("account.moved", 3, json!({})),
        ("account.moved", 3, json!({ "cents": "7" })),
        ("account.moved", 2, json!({ "euros": "7" })),
        ("account.moved", 2, json!([])),
        ("account.frozen", 1, json!(null)),
    ] {
        let error = decoded(kind, schema, &data).expect_err("it does not fit");
        assert!(matches!(error, DecodeError::Malformed { .. }), "{error}");
    }
    let missing =
        decoded("account.moved", 3, &json!({})).expect_err("a field is missing").to_string();
    assert!(missing.contains("cents"), "{missing}");
}

#[test]
fn an_event_is_written_for_readers_of_an_older_schema_where_that_is_known() {
    let renamed = AccountEvent::Renamed(Owner {
        first: "Ada".to_owned(),
        last: "Lovelace".to_owned(),
        born: Some(1815),
    });
    let written = |event: &AccountEvent, newest| {
        let (schema, data) = event.encode_for(newest)?;
        Some((schema, serde_json::from_str::<Value>(data.get()).expect("JSON")))
    };
    let for_2 = json!({ "first": "Ada", "last": "Lovelace", "born": 1815 });
    for newest in [2, 3, u32::MAX] {
        assert_eq!(written(&renamed, newest), Some((2, for_2.clone())));
    }
    for newest in [0, 1] {
        assert_eq!(written(&renamed, newest), Some((1, json!({ "name": "Ada Lovelace" }))));
    }
    let closed = AccountEvent::Closed { cents: 700 };
    assert_eq!(written(&closed, 2), Some((2, json!({ "euros": 7 }))));
    assert_eq!(written(&closed, 1), None, "there is no step from 2 to 1");
    assert_eq!(written(&opened(1), 2), None, "there is no step at all");
    assert_eq!(written(&AccountEvent::Frozen {}, 1), Some((1, json!({}))));
}

#[test]
fn what_is_written_reads_back_with_its_members_in_order() {
    let written = opened(1).encode();
    assert_eq!(
        written.get(),
        r#"{"owner":{"first":"Ada","last":"Lovelace","born":null},"cents":1,"note":null}"#
    );
    assert_eq!(
        AccountEvent::decode(AccountEvent::OPENED, 3, &written).expect("reads back"),
        opened(1)
    );
    assert_eq!(AccountEvent::Frozen {}.encode().get(), "{}");
    let read = decoded("account.frozen", 1, &json!({ "added": "later" }));
    assert_eq!(read.expect("more members are fine"), AccountEvent::Frozen {});
}

#[test]
fn a_family_knows_its_types() {
    let types = [
        ("account.opened", 3),
        ("account.moved", 3),
        ("account.renamed", 2),
        ("account.closed", 3),
        ("account.frozen", 1),
    ];
    assert_eq!(AccountEvent::TYPES, types);
    assert_eq!(<AccountEvent as Event>::TYPES, types);
    assert!(AccountEvent::has("account.moved") && !AccountEvent::has("account.melted"));
    assert_eq!((opened(1).kind(), opened(1).schema()), (AccountEvent::OPENED, 3));
}
