//! The loyalty service: points for orders, rewards for points. A fifth service of the shop, to be read beside `docs/your-own-service.md`.
//!
//! A finalized order earns its customer 1 point per whole currency unit. Every 100 points earned grant a reward. Points are redeemed.
//!
//! It runs in a shop that was built with it: `cargo run --features loyalty -- up`. `examples/python/loyalty.py` is the same service
//! under the same name, over the bus alone; a shop has one of the two.

pub mod domain;
mod http;
pub mod model;
mod module;
mod project;
mod react;
mod stream;
mod tell;

use std::sync::Arc;

use runtime::{Aggregates, ModelError, Tasks, snapshots::Snapshots, sqlite::Location};
use web::{Assembly, Service, ServiceDeps};

pub use crate::module::MODULE;
pub use model::Model;
pub use project::project;

use crate::{http::Calls, model::LoyaltyTables, react::OrderReactor};

/// The service's name, and the first part of its routes.
pub const NAME: &str = "loyalty";

/// Where the read model lives: `sqlite:FILE`.
pub type ModelLocation = Location;

/// What can be chosen about the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the read model lives.
    pub model: ModelLocation,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
}

/// Opens the read model, such as a second one to compare with.
pub async fn open_model(location: ModelLocation, tasks: &Tasks) -> Result<Arc<Model>, ModelError> {
    Model::open(LoyaltyTables, location, tasks.clone())
}

/// Builds the service and spawns its tasks.
pub async fn build(config: Config, deps: ServiceDeps) -> Result<Service, ModelError> {
    let model = open_model(config.model, &deps.tasks).await?;
    let accounts = Aggregates::new(&deps, Snapshots::open(&config.snapshots)?);

    let mut service = Assembly::new(NAME, deps, model, project);
    service.react(&accounts, OrderReactor);
    let calls = Arc::new(Calls { service: service.service(), accounts });
    Ok(service.serve(http::calls(&calls), env!("CARGO_PKG_VERSION")))
}
