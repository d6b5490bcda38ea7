//! The product service: catalogue and stock.

pub mod catalogue;
pub mod domain;
mod http;
pub mod model;
mod module;
pub mod project;
pub mod react;
mod snapshot;
mod tell;

use std::sync::Arc;

use contracts::money::Currency;
use runtime::{Aggregates, ModelError, Tasks, projector, reactor, snapshots::Snapshots};
use web::{Cache, Deps, Inspect, Service};

pub use crate::module::MODULE;
pub use model::Model;
pub use project::project;
pub use runtime::sqlite::Location;

/// The service's name, and the first part of its routes.
pub const NAME: &str = "product";

/// What can be chosen about the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the read model lives.
    pub model: Location,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
    /// The shop's one currency, fixed at its first start.
    pub currency: Currency,
}

/// Opens a read model of the service: its own, or another to compare with.
pub fn open_model(location: Location, tasks: &Tasks) -> Result<Arc<dyn Model>, ModelError> {
    Ok(model::SqliteModel::open(location, tasks.clone())?)
}

/// Builds the service; its projector and its reactor run on the tasks of `deps` until these stop.
pub fn build(config: Config, deps: Deps) -> Result<Service, ModelError> {
    let Config { model, snapshots, currency } = config;
    let model = open_model(model, &deps.tasks)?;
    let snapshots = Snapshots::open(&snapshots)?;
    let products = Aggregates::new(&deps, snapshots.clone());
    let catalogue = Aggregates::new(&deps, snapshots);

    let projected = deps.progress("product.projector");
    let reacted = deps.progress("product.reactor");
    projector::spawn(&deps.tasks, &deps.store(), Arc::clone(&model), project, projected.clone());
    let orders = react::OrderReactor::new(Arc::clone(&deps.clock));
    reactor::spawn(&deps, products.clone(), orders, reacted.clone());

    let inspected: Arc<dyn Inspect> = Arc::<dyn Model>::clone(&model);
    let followers = vec![projected.clone(), reacted];
    let shop = http::Shop {
        deps,
        model,
        progress: projected,
        products,
        catalogue,
        currency,
        cache: Cache::new(http::CACHE_BYTES),
    };
    let router = http::router(&Arc::new(shop), followers.clone());
    Ok(Service { name: NAME, router, followers, model: Some(inspected) })
}
