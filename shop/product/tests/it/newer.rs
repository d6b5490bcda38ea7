//! Events that only a newer version reads, in the streams that answers are made of: no answer leaves them out.

use contracts::{
    catalogue::{self, CatalogueEvent},
    picture::{self, Hash, PictureEvent},
    product::{self, ProductEvent},
};
use identity::Role::Manager;
use kernel::{Actor, StreamId};
use runtime::Tasks;
use serde_json::{Value, json, value::to_raw_value};
use testing::Answer;
use uuid::Uuid;

use crate::harness::World;

async fn calm() -> World {
    World::start_on(Tasks::inline()).await
}

/// Has an event of a schema recorded, with data that this version does not understand; its position.
async fn strange(world: &World, stream: StreamId, kind: &str, schema: u32) -> u64 {
    let data = to_raw_value(&json!({ "price": "much" })).expect("JSON");
    let metadata = world.metadata(Actor::reactor("another"));
    world.record_raw(stream, kind, schema, data, metadata).await.0
}

async fn as_of(world: &World, position: u64) -> Answer {
    let path = format!("/get-product-details?Code=T-1&AsOf={position}");
    world.ask_as(Manager, "GET", &path).send().await
}

fn needs_a_newer_version(answer: &Answer) {
    answer.problem(503);
    assert_eq!(answer.body["type"], "/problems/newer-version", "{answer:?}");
}

fn stream_of(product: &Value) -> StreamId {
    let id = product["ProductId"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    product::stream(id.expect("an id"))
}

#[tokio::test(start_paused = true)]
async fn a_product_is_not_shown_without_what_a_newer_version_recorded_of_it() {
    let world = calm().await.and_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let stream = stream_of(&product);
    // What it does not know, or nothing can read, changed nothing; commands are decided on the same.
    strange(&world, stream.clone(), "product.danced", 1).await;
    let before = strange(&world, stream.clone(), ProductEvent::CHANGED, 1).await;
    let newer = strange(&world, stream, ProductEvent::CHANGED, 99).await;
    assert_eq!(as_of(&world, before).await.expect(200)["Price"], product["Price"]);
    needs_a_newer_version(&as_of(&world, newer).await);
}

#[tokio::test(start_paused = true)]
async fn a_category_s_name_is_not_one_that_a_newer_version_has_changed() {
    let world = calm().await.and_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let before = world.events().await.last().map_or(0, |last| last.position.0);
    let newer = strange(&world, catalogue::stream(), CatalogueEvent::CATEGORY_RENAMED, 99).await;
    assert_eq!(as_of(&world, before).await.expect(200)["CategoryName"], product["CategoryName"]);
    needs_a_newer_version(&as_of(&world, newer).await);
}

#[tokio::test(start_paused = true)]
async fn a_picture_of_a_newer_version_is_not_said_to_be_missing() {
    let world = calm().await;
    let hash = Hash([7; 32]);
    strange(&world, picture::stream(hash), PictureEvent::STORED, 99).await;
    needs_a_newer_version(&world.get(&format!("/get-picture/{hash}")).await);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_change_is_not_answered_without_what_a_newer_version_recorded_before_it() {
    let world = calm().await.and_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let change = json!({ "ProductId": product["ProductId"], "Name": "Ceylon" });
    let update = async |world: &World| {
        let ask = world.ask_as(Manager, "POST", "/update-product").header("idempotency-key", "k");
        ask.json(&change).send().await
    };
    update(&world).await.expect(200);
    let events = world.events().await;
    // The same log, but that a newer version changed the product just before.
    let other = calm().await;
    let (last, rest) = events.split_last().expect("events");
    for event in rest {
        other.record_again(event).await;
    }
    strange(&other, stream_of(&product), ProductEvent::CHANGED, 99).await;
    other.record_again(last).await;
    needs_a_newer_version(&update(&other).await);
}
