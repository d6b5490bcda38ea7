//! The embedded read model against the contract of its port, and against the log.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use customer::Model;
use runtime::{ReadModel, Tasks, projector, sqlite::Location};
use serde_json::json;

use crate::harness::Shop;

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = AtomicU32::new(0);
    customer::model::conformance::suite(async || {
        let name = format!("{}.db", made.fetch_add(1, Ordering::Relaxed));
        let location = Location::File(folder.path().join(name));
        customer::open_model(location, &Tasks::inline()).await.expect("it opens")
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

    let tasks = Tasks::inline();
    let location = Location::Memory("customer-rebuilt".to_owned());
    let rebuilt: Arc<dyn Model> = customer::open_model(location, &tasks).await.expect("it opens");
    let progress = shop.deps.progress("rebuild");
    let project = customer::project;
    projector::spawn(&tasks, &shop.store(), Arc::clone(&rebuilt), project, progress.clone());
    let head = shop.store().head().await;
    progress.wait_for(head, std::time::Duration::from_secs(30)).await.expect("it is built");
    let live = shop.service.model.clone().expect("a model").dump().await.expect("a dump");
    assert_eq!(ReadModel::dump(&*rebuilt).await.expect("a dump"), live);
    assert!(live.len() >= 3, "{live:?}");
}
