//! The read model: what every engine must do, and that it can be thrown away.

use std::sync::Arc;

use product::Model;
use runtime::{Tasks, sqlite::Location};
use serde_json::json;

use crate::harness::World;

async fn open(location: Location) -> Arc<dyn Model> {
    product::open_model(location, &Tasks::new()).await.expect("a new database")
}

#[tokio::test]
async fn sqlite_on_disk_is_an_engine() {
    let databases = testing::Databases::new();
    product::model::conformance::suite(async || open(databases.on_disk()).await).await;
}

#[tokio::test]
async fn sqlite_in_memory_is_an_engine() {
    product::model::conformance::suite(async || open(testing::in_memory()).await).await;
}

/// Promise 8: read models are disposable.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_rebuilt_from_the_log_equals_the_live_one() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    world.order(1, &product, 3).await;
    world.order(2, &product, 30).await;
    world.finalize(1, &product, 3).await;
    let change = json!({"ProductId": product["ProductId"], "UnitsChange": 5, "Name": "Ceylon"});
    world.post("/update-product", change).await.expect(200);
    world.settle().await;

    let rebuilt = world.rebuilt(&open(testing::in_memory()).await, product::project).await;
    assert_eq!(
        rebuilt.len(),
        4,
        "a category, a product, its stock and the checkpoint: {rebuilt:?}"
    );
    assert_eq!(rebuilt, testing::dump(&world.service).await);
}
