//! The embedded read model against the contract of its port, and against the log.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use contracts::order::Reason;
use order::Model;
use runtime::{ReadModel, Tasks, projector, sqlite::Location};

use crate::harness::{Shop, id_of};

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = AtomicU32::new(0);
    order::model::conformance::suite(async || {
        let name = format!("{}.db", made.fetch_add(1, Ordering::Relaxed));
        let location = Location::File(folder.path().join(name));
        order::open_model(location, &Tasks::inline()).await.expect("it opens")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn promise_8_a_rebuilt_model_equals_the_live_one() {
    let shop = Shop::open().await;
    let (ada, lamp) = (shop.person("ada").await, shop.product("Lamp", 5).await);
    let [kept, dropped] = [shop.place(&ada, lamp).await, shop.place(&ada, lamp).await];
    shop.stock_reserved(lamp, id_of(&kept)).await;
    shop.credit_reserved(ada.id, id_of(&kept)).await;
    shop.stock_denied(lamp, id_of(&dropped), Reason::PriceChanged).await;
    shop.wound_up(&kept, ada.id, 1).await;
    shop.settle().await;

    let tasks = Tasks::inline();
    let rebuilt: Arc<dyn Model> =
        order::open_model(Location::Memory("order-rebuilt".to_owned()), &tasks)
            .await
            .expect("opens");
    let progress = shop.deps.progress("rebuild");
    projector::spawn(&tasks, &shop.store(), Arc::clone(&rebuilt), order::project, progress.clone());
    let head = shop.store().head().await;
    progress.wait_for(head, std::time::Duration::from_secs(30)).await.expect("it is built");
    let live = shop.service.model.clone().expect("a model").dump().await.expect("a dump");
    assert_eq!(ReadModel::dump(&*rebuilt).await.expect("a dump"), live);
    assert!(live.len() > 10);
}
