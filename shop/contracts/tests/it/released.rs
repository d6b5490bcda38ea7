//! Every event type and schema number ever released, kept as JSON: `released/TYPE@SCHEMA.json` holds examples of its data.
//!
//! A new schema number adds a file; no file is ever changed or removed. `CHANGES.md` says what changed.

use std::{fs, path::PathBuf};

use contracts::{
    FAMILIES,
    money::Money,
    order::{Channel, OrderEvent, Placed, Terms},
};
use kernel::{Event as _, Timestamp};
use serde_json::{Value, json};
use testkit::given_recorded;
use uuid::Uuid;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn whatever_was_released_is_read_and_means_the_same() {
    let released = testkit::released(folder("tests/released"));
    let released = FAMILIES.iter().fold(released, |released, family| {
        released.types(family.types, |kind, schema, data| {
            let renewed = (family.renew)(kind, schema, data)?;
            Ok((renewed.kind, renewed.schema, renewed.data))
        })
    });
    released.check();
}

#[test]
fn no_family_is_left_out() {
    let sources = fs::read_dir(folder("src")).expect("the sources are there");
    let declared = sources.filter(|file| {
        let path = file.as_ref().expect("the folder can be read").path();
        let text = if path.is_file() { fs::read_to_string(path) } else { Ok(String::new()) };
        text.expect("sources are UTF-8").lines().any(|line| line == "events! {")
    });
    assert_eq!(declared.count(), FAMILIES.len(), "a family of events is missing in FAMILIES");
}

#[test]
fn an_order_placed_before_channels_were_recorded_is_of_an_unknown_one() {
    let (order, customer, product) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let old = json!({
        "order": order, "customer": customer, "product": product, "product_name": "Tea", "quantity": 3, "price": 1999,
        "currency": "EUR", "deadline": "1970-01-01T00:00:10Z",
    });
    let terms = Terms {
        order,
        customer,
        product,
        product_name: "Tea".to_owned(),
        quantity: 3,
        price: Money::from_minor(1999),
        currency: "EUR".to_owned(),
    };
    let deadline = Timestamp::from_micros(10_000_000);
    let placed = |channel| OrderEvent::from(Placed { terms: terms.clone(), deadline, channel });
    given_recorded(OrderEvent::PLACED, 1, old.clone()).when_read().then(&placed(Channel::Unknown));
    let mut new = old;
    new["channel"] = json!("app");
    given_recorded(OrderEvent::PLACED, 2, new).when_read().then(&placed(Channel::App));
}

#[test]
fn an_order_recorded_for_programs_that_know_no_channels_has_none() {
    let text = fs::read_to_string(folder("tests/released/order.placed@2.json")).expect("a file");
    let examples: Vec<Value> = serde_json::from_str(&text).expect("a list");
    assert!(!examples.is_empty());
    for mut example in examples {
        let data = serde_json::value::to_raw_value(&example).expect("JSON");
        let placed = OrderEvent::decode(OrderEvent::PLACED, 2, &data).expect("it is read");
        let (schema, written) = placed.encode_for(1).expect("there is a step back");
        let written: Value = serde_json::from_str(written.get()).expect("JSON");
        let channel = example.as_object_mut().expect("an object").remove("channel");
        assert_eq!((schema, &written), (1, &example), "{channel:?} is all that is left out");
        example["channel"] = json!(Channel::Unknown);
        given_recorded(OrderEvent::PLACED, 1, written).when_read().then(
            &OrderEvent::decode(
                OrderEvent::PLACED,
                2,
                &serde_json::value::to_raw_value(&example).expect("JSON"),
            )
            .expect("it is read"),
        );
    }
}

#[test]
fn a_channel_has_one_word_everywhere() {
    for channel in Channel::ALL {
        assert_eq!(json!(channel), json!(channel.as_str()));
    }
    let named =
        ["site", "app", "api", "unknown", "kiosk"].map(|word| Channel::of_request(Some(word)));
    assert_eq!(named, [Channel::Site, Channel::App, Channel::Api, Channel::Api, Channel::Api]);
    assert_eq!(Channel::of_request(None), Channel::Api);
}
