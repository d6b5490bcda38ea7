//! The embedded read model against the contract of its port, and against the log.

use runtime::Tasks;
use serde_json::json;

use crate::harness::Shop;

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
    let shop = Shop::open().await;
    let (ada, manager) = (shop.customer("ada").await, shop.manager().await);
    let [kept, dropped, open] = [1000, 2000, 3000].map(|price| shop.order("ada", price));
    for order in [&kept, &dropped, &open] {
        shop.place(order).await;
    }
    shop.finalize(&kept).await;
    shop.deny(&dropped).await;
    let change = json!({ "UserName": "ada", "FullName": "Ada" });
    assert_eq!(shop.post("/update-user", Some(&ada), change).await.status, 200);
    let change = json!({ "UserName": "ada", "Change": -1 });
    assert_eq!(shop.post("/set-credit", Some(&manager), change).await.status, 200);

    let rebuilt = customer::open_model(testing::in_memory(), &Tasks::inline()).await;
    let rebuilt = shop.rebuilt(&rebuilt.expect("memory"), customer::project).await;
    assert_eq!(rebuilt, testing::dump(&shop.service).await);
    assert!(rebuilt.len() >= 3, "{rebuilt:?}");
}
