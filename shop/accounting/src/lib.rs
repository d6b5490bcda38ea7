//! The accounting service: invoices and revenue.

mod calendar;
pub mod domain;
mod http;
pub mod model;
mod module;
mod project;
mod react;
mod stream;
mod tell;

use std::sync::Arc;

use jiff::tz::TimeZone;
use runtime::{Aggregates, ModelError, Tasks, snapshots::Snapshots, sqlite::Location};
use web::{Assembly, Service, ServiceDeps};

pub use crate::module::MODULE;
pub use model::Model;
pub use project::project;

use crate::{
    calendar::Calendar,
    http::Calls,
    model::{CouchDbModel, SqliteModel},
    react::OrderReactor,
};

/// The service's name, and the first part of its routes.
pub const NAME: &str = "accounting";

/// Where the read model lives: `sqlite:FILE or http://USER:PASSWORD@HOST[:PORT]/DATABASE (CouchDB)`.
pub type ModelLocation = runtime::ModelLocation<model::CouchDbLocation>;

/// What can be chosen about the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the read model lives.
    pub model: ModelLocation,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
    /// The shop's time zone, in which years and months begin.
    pub time_zone: TimeZone,
}

/// Opens the read model, such as a second one to compare with, of the same time zone.
pub async fn open_model(
    location: impl Into<ModelLocation>,
    tasks: &Tasks,
    time_zone: TimeZone,
) -> Result<Arc<dyn Model>, ModelError> {
    let calendar = Calendar::new(time_zone);
    Ok(match location.into() {
        ModelLocation::Sqlite(location) => {
            SqliteModel::open(model::AccountingTables(calendar), location, tasks.clone())?
        }
        ModelLocation::Server(location) => {
            CouchDbModel::open_with(location, calendar, tasks).await?
        }
    })
}

/// Builds the service and spawns its tasks.
pub async fn build(config: Config, deps: ServiceDeps) -> Result<Service, ModelError> {
    let model = open_model(config.model, &deps.tasks, config.time_zone.clone()).await?;
    let invoices = Aggregates::new(&deps, Snapshots::open(&config.snapshots)?);

    let mut service = Assembly::new(NAME, deps, model, project);
    service.react(&invoices, OrderReactor);
    let calendar = Calendar::new(config.time_zone);
    let calls = Arc::new(Calls { service: service.service(), calendar });
    Ok(service.serve(http::calls(&calls), env!("CARGO_PKG_VERSION")))
}
