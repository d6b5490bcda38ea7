//! The embedded read model against the contract of its port, and against the log.

use runtime::Tasks;
use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let databases = testing::Databases::new();
    customer::model::conformance::suite(async || {
        customer::open_model(databases.on_disk(), &Tasks::inline()).await.expect("it opens")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn promise_8_a_rebuilt_model_equals_the_live_one() {
    let world = World::start().await;
    let (ada, manager) = (world.customer("ada").await, world.manager().await);
    let [kept, dropped, open] = [1000, 2000, 3000].map(|price| world.order("ada", price));
    for order in [&kept, &dropped, &open] {
        world.place(order).await;
    }
    world.finalize(&kept).await;
    world.deny(&dropped).await;
    let change = json!({ "UserName": "ada", "FullName": "Ada" });
    assert_eq!(world.post("/update-user", Some(&ada), change).await.status, 200);
    let change = json!({ "UserName": "ada", "Change": -1 });
    assert_eq!(world.post("/set-credit", Some(&manager), change).await.status, 200);

    let rebuilt = customer::open_model(testing::in_memory(), &Tasks::inline()).await;
    let rebuilt = world.rebuilt(&rebuilt.expect("memory"), customer::project).await;
    assert_eq!(rebuilt, testing::dump(&world.service).await);
    assert!(rebuilt.len() >= 3, "{rebuilt:?}");
}
