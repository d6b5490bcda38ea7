//! The read model: what every engine must do, and that it can be thrown away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use accounting::{Location, Model, TimeZone};
use runtime::{ReadModel, Tasks};

use crate::calls::three_orders;

fn new_york() -> TimeZone {
    TimeZone::get("America/New_York").expect("a zone of the bundled database")
}

#[tokio::test]
async fn sqlite_on_disk_is_an_engine() {
    let (folder, made) = (tempfile::tempdir().expect("a folder"), AtomicU32::new(0));
    let make = async || {
        let number = made.fetch_add(1, Ordering::Relaxed);
        let location = Location::File(folder.path().join(format!("{number}.db")));
        accounting::open_model(location, &Tasks::new(), new_york()).await.expect("a new database")
    };
    accounting::model::conformance::suite(make).await;
}

#[tokio::test]
async fn sqlite_in_memory_is_an_engine() {
    let made = AtomicU32::new(0);
    let make = async || {
        let number = made.fetch_add(1, Ordering::Relaxed);
        let location = Location::Memory(format!("accounting-suite-{number}"));
        accounting::open_model(location, &Tasks::inline(), new_york()).await.expect("memory")
    };
    accounting::model::conformance::suite(make).await;
}

/// Takes a model through a world's log.
async fn fill(model: &Arc<dyn Model>, world: &crate::harness::World) {
    let (tasks, progress) = (Tasks::new(), world.deps.progress("rebuilt"));
    let (model, store) = (Arc::clone(model), &world.store);
    runtime::projector::spawn(&tasks, store, model, accounting::project, progress.clone());
    let head = store.head().await;
    progress.wait_for(head, Duration::from_secs(20)).await.expect("it catches up");
    tasks.shutdown().await;
}

/// Promise 8: read models are disposable.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_rebuilt_from_the_log_equals_the_live_one() {
    let world = three_orders().await;
    let location = Location::Memory("accounting-rebuilt".to_owned());
    let rebuilt = accounting::open_model(location, &Tasks::inline(), TimeZone::UTC).await;
    let rebuilt = rebuilt.expect("memory");
    fill(&rebuilt, &world).await;
    let live = world.service.model.as_ref().expect("there is a model");
    let live = live.dump().await.expect("a dump");
    assert_eq!(
        live.len(),
        9,
        "3 invoices, 2 customers, a month, 2 products, the checkpoint: {live:?}"
    );
    assert_eq!(live, ReadModel::dump(&*rebuilt).await.expect("a dump"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_zone_rebuilds_the_model() {
    let (world, folder) = (three_orders().await, tempfile::tempdir().expect("a folder"));
    let open = async |zone| {
        let location = Location::File(folder.path().join("accounting.db"));
        accounting::open_model(location, &Tasks::new(), zone).await.expect("a database")
    };
    let head = world.store.head().await;
    fill(&open(TimeZone::UTC).await, &world).await;
    assert_eq!(open(TimeZone::UTC).await.checkpoint().await.expect("a checkpoint"), head);
    let other = open(new_york()).await;
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), kernel::Position::START);
}
