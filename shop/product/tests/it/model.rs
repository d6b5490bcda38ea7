//! The read model: what every engine must do, and that it can be thrown away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use product::Model;
use runtime::{ReadModel, Tasks, sqlite::Location};
use serde_json::json;

use crate::harness::World;

/// Makes models that know nothing of each other.
struct Engines {
    folder: tempfile::TempDir,
    made: AtomicU32,
}

impl Engines {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self { folder, made: AtomicU32::new(0) }
    }

    fn on_disk(&self) -> Arc<dyn Model> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let location = Location::File(self.folder.path().join(format!("{number}.db")));
        product::open_model(location, &Tasks::new()).expect("a new database")
    }

    fn in_memory(&self, test: &str) -> Arc<dyn Model> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let location = Location::Memory(format!("product-{test}-{number}"));
        product::open_model(location, &Tasks::inline()).expect("memory")
    }
}

#[tokio::test]
async fn sqlite_on_disk_is_an_engine() {
    let engines = Engines::new();
    product::model::conformance::suite(async || engines.on_disk()).await;
}

#[tokio::test]
async fn sqlite_in_memory_is_an_engine() {
    let engines = Engines::new();
    product::model::conformance::suite(async || engines.in_memory("suite")).await;
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
    world.settled().await;

    let rebuilt = Engines::new().in_memory("rebuilt");
    let (tasks, progress) = (Tasks::new(), world.deps.progress("rebuilt"));
    let (model, store) = (Arc::clone(&rebuilt), &world.store);
    runtime::projector::spawn(&tasks, store, model, product::project, progress.clone());
    let head = store.head().await;
    progress.wait_for(head, Duration::from_secs(20)).await.expect("it catches up");
    tasks.shutdown().await;

    let live = world.service.model.as_ref().expect("there is a model");
    let live = live.dump().await.expect("a dump");
    assert_eq!(
        live.len(),
        5,
        "a category, a product, its text, its stock and the checkpoint: {live:?}"
    );
    assert_eq!(live, ReadModel::dump(&*rebuilt).await.expect("a dump"));
}
