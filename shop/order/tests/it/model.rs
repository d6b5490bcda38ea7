//! The embedded read model against the contract of its port, and against the log.

use contracts::order::Reason;
use runtime::Tasks;

use crate::harness::{World, id_of};

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let databases = testing::Databases::new();
    order::model::conformance::suite(async || {
        order::open_model(databases.on_disk(), &Tasks::inline()).await.expect("it opens")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn promise_8_a_rebuilt_model_equals_the_live_one() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let [kept, dropped] = [world.place(&ada, lamp).await, world.place(&ada, lamp).await];
    world.stock_reserved(lamp, id_of(&kept)).await;
    world.credit_reserved(ada.id, id_of(&kept)).await;
    world.stock_denied(lamp, id_of(&dropped), Reason::PriceChanged).await;
    world.wound_up(&kept, ada.id, 1).await;
    world.settle().await;

    let rebuilt = order::open_model(testing::in_memory(), &Tasks::inline()).await;
    let rebuilt = world.rebuilt(&rebuilt.expect("memory"), order::project).await;
    assert_eq!(rebuilt, testing::dump(&world.service).await);
    assert!(rebuilt.len() > 10);
}
