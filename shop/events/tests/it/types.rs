//! Which types of events are recorded, and how many of each.

use contracts::{actor, rest::events::RecordedTypes};
use identity::Role;
use kernel::{Actor, Metadata, StreamId};
use runtime::Tasks;
use serde_json::value::RawValue;
use testing::Shop;
use uuid::Uuid;

use crate::audit::service;

async fn record(shop: &Shop, kind: &str, actor: Actor) {
    let category = kind.split_once('.').expect("a type has a category").0;
    let stream = StreamId::parse(&format!("{category}-1")).expect("a stream's name");
    let data = RawValue::from_string("{}".to_owned()).expect("JSON");
    let metadata = Metadata::of(actor, Uuid::from_u128(7));
    shop.record_raw(stream, kind, 1, data, metadata).await;
}

async fn types(shop: &Shop) -> Vec<(String, u64)> {
    let answer = shop.ask_as(Role::Manager, "GET", "/read-types").send().await;
    let types: RecordedTypes = serde_json::from_value(answer.ok()).expect("types");
    types.items.into_iter().map(|one| (one.r#type, one.events)).collect()
}

#[tokio::test(start_paused = true)]
async fn every_type_is_counted_also_of_services_that_are_not_ours() {
    let shop = Shop::open("events", Tasks::inline(), service).await;
    assert!(types(&shop).await.is_empty());
    let manager = || actor::manager(Uuid::from_u128(1));
    for kind in ["product.added", "parcel.sent", "product.changed", "parcel.sent"] {
        record(&shop, kind, manager()).await;
    }
    record(&shop, "parcel.sent", Actor::reactor("parcel")).await;
    let expected = [("parcel.sent", 3), ("product.added", 1), ("product.changed", 1)]
        .map(|(kind, events)| (kind.to_owned(), events));
    assert_eq!(types(&shop).await, expected);
    // The index goes on from where it was, and counts nothing twice.
    let reopened = shop.reopened(service).await;
    record(&reopened, "product.added", manager()).await;
    let expected =
        expected.map(|(kind, events)| (kind.clone(), events + u64::from(kind == "product.added")));
    assert_eq!(types(&reopened).await, expected);
    reopened.ask_as(Role::Customer, "GET", "/read-types").send().await.problem(403);
}
