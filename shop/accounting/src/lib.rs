//! The accounting service: invoices and revenue.

pub mod calendar;
pub mod domain;
mod http;
pub mod model;
mod module;
pub mod project;
pub mod react;
mod tell;

use std::sync::Arc;

use runtime::{Aggregates, ModelError, Tasks, projector, reactor, snapshots::Snapshots};
use web::{Deps, Inspect, Service};

pub use crate::module::MODULE;
pub use jiff::tz::TimeZone;
pub use model::Model;
pub use project::project;
pub use runtime::sqlite::Location;

use calendar::Calendar;

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

/// Opens a read model of the service: its own, or another to compare with, of the same time zone.
pub async fn open_model(
    location: impl Into<ModelLocation>,
    tasks: &Tasks,
    time_zone: TimeZone,
) -> Result<Arc<dyn Model>, ModelError> {
    let calendar = Calendar::new(time_zone);
    Ok(match location.into() {
        ModelLocation::Sqlite(location) => {
            model::SqliteModel::open(location, calendar, tasks.clone())?
        }
        ModelLocation::Server(location) => model::CouchDbModel::open(location, calendar).await?,
    })
}

/// Builds the service; its projector and its reactor run on the tasks of `deps` until these stop.
pub async fn build(config: Config, deps: Deps) -> Result<Service, ModelError> {
    let Config { model, snapshots, time_zone } = config;
    let model = open_model(model, &deps.tasks, time_zone.clone()).await?;
    let invoices = Aggregates::new(&deps, Snapshots::open(&snapshots)?);

    let projected = deps.progress("accounting.projector");
    let reacted = deps.progress("accounting.reactor");
    projector::spawn(&deps.tasks, &deps.store(), Arc::clone(&model), project, projected.clone());
    reactor::spawn(&deps, invoices, react::OrderReactor, reacted.clone());

    let inspected: Arc<dyn Inspect> = Arc::<dyn Model>::clone(&model);
    let followers = vec![projected.clone(), reacted];
    let books =
        http::Books { deps, model, progress: projected, calendar: Calendar::new(time_zone) };
    let router = http::router(&Arc::new(books), followers.clone());
    Ok(Service { name: NAME, router, followers, model: Some(inspected) })
}
