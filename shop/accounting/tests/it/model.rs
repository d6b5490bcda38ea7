//! The read model: what every engine must do, and that it can be thrown away.

use std::sync::Arc;

use accounting::Model;
use jiff::tz::TimeZone;
use runtime::{Tasks, sqlite::Location};

use crate::calls::three_orders;

async fn open(location: Location, zone: TimeZone) -> Arc<dyn Model> {
    accounting::open_model(location, &Tasks::new(), zone).await.expect("a database")
}

fn new_york() -> TimeZone {
    TimeZone::get("America/New_York").expect("a zone of the bundled database")
}

#[tokio::test]
async fn sqlite_on_disk_is_an_engine() {
    let databases = testing::Databases::new();
    accounting::model::conformance::suite(async || open(databases.on_disk(), new_york()).await)
        .await;
}

#[tokio::test]
async fn sqlite_in_memory_is_an_engine() {
    let make = async || open(testing::in_memory(), new_york()).await;
    accounting::model::conformance::suite(make).await;
}

/// Promise 8: read models are disposable.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_rebuilt_from_the_log_equals_the_live_one() {
    let world = three_orders().await;
    let rebuilt = open(testing::in_memory(), TimeZone::UTC).await;
    let rebuilt = world.rebuilt(&rebuilt, accounting::project).await;
    assert_eq!(
        rebuilt.len(),
        9,
        "3 invoices, 2 customers, a month, 2 products, the checkpoint: {rebuilt:?}"
    );
    assert_eq!(rebuilt, testing::dump(&world.service).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_zone_rebuilds_the_model() {
    let (world, databases) = (three_orders().await, testing::Databases::new());
    let place = databases.on_disk();
    let head = world.store().head().await;
    world.rebuilt(&open(place.clone(), TimeZone::UTC).await, accounting::project).await;
    let same = open(place.clone(), TimeZone::UTC).await;
    assert_eq!(same.checkpoint().await.expect("a checkpoint"), head);
    drop(same);
    let other = open(place, new_york()).await;
    assert_eq!(other.checkpoint().await.expect("a checkpoint"), kernel::Position::START);
}
