//! A shop with nothing but its accounting service.

use std::ops::Deref;

use identity::Role;
use jiff::tz::TimeZone;
use runtime::Tasks;
use testing::{Answer, Shop, Testbed};
use web::Service;

pub(crate) struct World(Shop);

impl World {
    pub(crate) async fn start() -> Self {
        Self(Shop::open(accounting::NAME, Tasks::new(), build).await)
    }

    /// A GET by a manager.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask_as(Role::Manager, "GET", path).send().await
    }
}

impl Deref for World {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.0
    }
}

async fn build(bed: &Testbed) -> Service {
    let config = accounting::Config {
        model: bed.database("accounting").into(),
        snapshots: bed.database("snapshots"),
        time_zone: TimeZone::UTC,
    };
    accounting::build(config, bed.deps.clone()).await.expect("it starts")
}
