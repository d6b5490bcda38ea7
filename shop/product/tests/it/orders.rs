//! What orders do to stock: promise 6, through the real reactor.

use contracts::{order::Reason, product::ProductEvent};
use serde_json::json;
use uuid::Uuid;

use crate::harness::World;

impl World {
    /// What the product recorded about orders, in words.
    async fn answers(&self, product: &serde_json::Value) -> Vec<String> {
        let id: Uuid = product["ProductId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let stream = contracts::product::stream(id);
        let events = self.store().read_stream(&stream, None).await.expect("a stream");
        let said = |event: &ProductEvent| match event {
            ProductEvent::StockReserved(said) => Some(format!("reserved, {} left", said.available)),
            ProductEvent::StockDenied(said) => Some(format!("denied: {}", said.reason)),
            ProductEvent::StockReleased(said) => Some(format!("released, {} left", said.available)),
            ProductEvent::StockCommitted(said) => {
                Some(format!("committed, {} on hand", said.on_hand))
            }
            _ => None,
        };
        events.iter().filter_map(|event| ProductEvent::of(event)).filter_map(said).collect()
    }

    async fn stock(&self) -> (i64, i64) {
        let product = self.get("/get-product-details?Code=T-1").await.expect(200);
        let number = |name: &str| product[name].as_i64().expect("a number");
        (number("UnitsInStock"), number("Available"))
    }

    async fn check_balances(&self) {
        let model = self.service.model.as_ref().expect("there is a model");
        for balance in model.balances().await.expect("balances") {
            assert_eq!(balance.left, balance.right, "{}", balance.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finalized_order_takes_its_units_along() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    world.order(1, &product, 4).await;
    world.settle().await;
    assert_eq!(world.stock().await, (10, 6));
    world.finalize(1, &product, 4).await;
    world.settle().await;
    assert_eq!(world.stock().await, (6, 6));
    assert_eq!(world.answers(&product).await, ["reserved, 6 left", "committed, 6 on hand"]);
    world.check_balances().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_order_releases_its_stock() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    world.order(1, &product, 4).await;
    world.deny(1, &product, 4, Reason::LowCredit).await;
    world.settle().await;
    assert_eq!(world.stock().await, (10, 10));
    assert_eq!(world.answers(&product).await, ["reserved, 6 left", "released, 10 left"]);
    world.check_balances().await;
}

/// Promise 6: nothing is sold twice.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_orders_at_once_only_those_are_reserved_that_the_stock_holds() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    for order in 0..40 {
        world.order(order, &product, 1).await;
    }
    world.settle().await;
    assert_eq!(world.stock().await, (10, 0));
    let answers = world.answers(&product).await;
    assert_eq!(answers.iter().filter(|said| said.starts_with("reserved")).count(), 10);
    assert_eq!(answers.iter().filter(|said| *said == "denied: out-of-stock").count(), 30);
    world.check_balances().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_product_still_goes_to_the_orders_that_hold_it() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    world.order(1, &product, 4).await;
    world.settle().await;
    world.post("/delete-product", json!({"ProductId": product["ProductId"]})).await.expect(200);
    world.order(2, &product, 1).await;
    world.finalize(1, &product, 4).await;
    world.settle().await;
    assert_eq!(
        world.answers(&product).await,
        ["reserved, 6 left", "denied: unknown-product", "committed, 0 on hand"]
    );
    world.check_balances().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_pays_a_price_that_they_did_not_see() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let dearer = json!({"ProductId": product["ProductId"], "Price": 4});
    let now = world.post("/update-product", dearer).await.expect(200);
    world.order(1, &product, 1).await;
    world.order(2, &now, 1).await;
    world.settle().await;
    assert_eq!(world.answers(&product).await, ["denied: price-changed", "reserved, 9 left"]);
}
