//! The product service: catalogue and stock.

mod catalogue;
pub mod domain;
mod http;
pub mod image;
pub mod model;
mod module;
mod picture;
mod project;
mod react;
mod stream;
mod tell;

use std::sync::Arc;

use contracts::money::Currency;
use runtime::{Aggregates, ModelError, Tasks, snapshots::Snapshots, sqlite::Location};
use web::{Assembly, Cache, Service, ServiceDeps};

pub use crate::module::MODULE;
pub use model::Model;
pub use project::project;

use crate::{
    http::{Calls, files::Files},
    model::{ProductQuery, ProductTables, SqliteModel},
    react::OrderReactor,
};

/// The service's name, and the first part of its routes.
pub const NAME: &str = "product";

/// Where the read model lives: `sqlite:FILE`.
pub type ModelLocation = Location;

/// What can be chosen about the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the read model lives.
    pub model: ModelLocation,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
    /// The shop's one currency, fixed at its first start.
    pub currency: Currency,
}

/// Opens the read model, such as a second one to compare with.
pub async fn open_model(
    location: ModelLocation,
    tasks: &Tasks,
) -> Result<Arc<dyn Model>, ModelError> {
    Ok(SqliteModel::open(ProductTables::default(), location, tasks.clone())?)
}

/// Builds the service and spawns its tasks.
pub async fn build(config: Config, deps: ServiceDeps) -> Result<Service, ModelError> {
    let model = open_model(config.model, &deps.tasks).await?;
    let snapshots = Snapshots::open(&config.snapshots)?;
    let products = Aggregates::new(&deps, snapshots.clone());
    let catalogue = Aggregates::new(&deps, snapshots.clone());
    let album = Aggregates::new(&deps, snapshots);
    let clock = Arc::clone(&deps.clock);
    // The first search after a start would wait until all products are read into its index.
    let (searched, any) =
        (Arc::clone(&model), ProductQuery { in_stock: true, count: 1, ..ProductQuery::default() });
    deps.tasks.spawn_until_stopped("search-index", async move {
        drop(searched.products(any).await);
    });

    let mut service = Assembly::new(NAME, deps, model, project);
    service.react(&products, OrderReactor { clock });
    let calls = Arc::new(Calls {
        service: service.service(),
        products,
        catalogue,
        album,
        files: Files::default(),
        currency: config.currency,
        cache: Cache::new(http::CACHE_BYTES),
    });
    Ok(service.serve(http::calls(&calls), env!("CARGO_PKG_VERSION")))
}
