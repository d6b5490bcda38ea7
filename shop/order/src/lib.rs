//! The order service: orders and their saga.

pub mod domain;
mod door;
mod figures;
mod http;
pub mod model;
mod module;
mod open;
mod project;
mod react;
mod saga;
mod stream;
mod tell;

use std::{sync::Arc, time::Duration};

use runtime::{Aggregates, ModelError, Tasks, snapshots::Snapshots, sqlite::Location};
use web::{Assembly, Service, ServiceDeps};

pub use crate::module::MODULE;
pub use model::Model;
pub use project::project;

use crate::{
    door::Door,
    figures::Figures,
    http::{Calls, Feed},
    model::{PostgresModel, SqliteModel},
    open::OpenOrders,
    react::AnswerReactor,
};

/// The service's name, and the first part of its routes.
pub const NAME: &str = "order";

/// Where the read model lives: `sqlite:FILE or postgres://USER:PASSWORD@HOST[:PORT]/DATABASE[?schema=NAME]`.
pub type ModelLocation = runtime::ModelLocation<model::PostgresLocation>;

/// What can be chosen about the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the read model lives.
    pub model: ModelLocation,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
    /// How long an order may take before it is denied.
    pub deadline: Duration,
}

/// Opens the read model, such as a second one to compare with.
pub async fn open_model(
    location: impl Into<ModelLocation>,
    tasks: &Tasks,
) -> Result<Arc<dyn Model>, ModelError> {
    Ok(match location.into() {
        ModelLocation::Sqlite(location) => {
            SqliteModel::open(model::OrderTables, location, tasks.clone())?
        }
        ModelLocation::Server(location) => PostgresModel::open(location, tasks).await?,
    })
}

/// Builds the service and spawns its tasks.
pub async fn build(config: Config, deps: ServiceDeps) -> Result<Service, ModelError> {
    let model = open_model(config.model, &deps.tasks).await?;
    let orders = Aggregates::new(&deps, Snapshots::open(&config.snapshots)?);
    let (clock, deadline) = (|| Arc::clone(&deps.clock), config.deadline);
    let door = Door::new(clock(), deadline);
    let open = OpenOrders::new(clock(), deadline, door.clone(), Figures::new(&deps));

    let mut service = Assembly::new(NAME, deps.clone(), model, project);
    let reacted = service.react(&orders, AnswerReactor::new(open.clone()));
    react::spawn_deadlines(&deps, orders.clone(), open, reacted.clone());
    let calls = Arc::new(Calls {
        service: service.service(),
        deadline,
        orders,
        feed: Feed::default(),
        door,
        refused: deps.metrics.counter("orders_refused", "Orders refused because the shop was busy"),
        reacted,
    });
    http::spawn_feed(&calls);
    Ok(service.serve(http::calls(&calls), env!("CARGO_PKG_VERSION")))
}
