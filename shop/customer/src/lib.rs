//! The customer service: accounts, sessions and credit.

mod bootstrap;
pub mod domain;
mod http;
pub mod model;
mod module;
mod password;
mod project;
mod react;
mod search;
mod secrets;
mod stream;
mod tell;
mod turns;

use std::sync::Arc;

use contracts::money::Money;
use identity::Auth;
use runtime::{Aggregates, ModelError, Tasks, snapshots::Snapshots, sqlite::Location};
use web::{Assembly, Service, ServiceDeps};

pub use crate::module::{Given, MODULE};
pub use bootstrap::{Admin, Bootstrap};
pub use http::Limits;
pub use model::Model;
pub use password::{Cost, NewPassword};
pub use project::project;
pub use secrets::Secrets;

use crate::{
    http::Calls,
    model::{CustomerTables, RedisModel, SqliteModel},
    password::Passwords,
    react::OrderReactor,
};

/// The service's name, and the first part of its routes.
pub const NAME: &str = "customer";

/// Where the read model lives: `sqlite:FILE or redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME]`.
pub type ModelLocation = runtime::ModelLocation<model::RedisLocation>;

/// What can be chosen about the service.
pub struct Config {
    /// Where the read model lives.
    pub model: ModelLocation,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
    pub secrets: Arc<Secrets>,
    /// Learns at once of the sessions that end here.
    pub auth: Auth,
    /// The password of the manager `admin`, in force from the start on; generated for a new shop if none is given.
    pub admin_password: Option<NewPassword>,
    /// What every new customer may spend.
    pub welcome_credit: Money,
    /// What a password's hash costs to compute.
    pub hashing: Cost,
    pub limits: Limits,
}

/// Opens the read model, such as a second one to compare with.
pub async fn open_model(
    location: impl Into<ModelLocation>,
    tasks: &Tasks,
) -> Result<Arc<dyn Model>, ModelError> {
    Ok(match location.into() {
        ModelLocation::Sqlite(location) => {
            SqliteModel::open(CustomerTables, location, tasks.clone())?
        }
        ModelLocation::Server(location) => RedisModel::open(location, tasks).await?,
    })
}

/// Builds the service and spawns its tasks. The outcome for the manager `admin` is known once the event store has answered.
pub async fn build(config: Config, deps: ServiceDeps) -> Result<(Service, Bootstrap), ModelError> {
    let model = open_model(config.model, &deps.tasks).await?;
    let customers = Aggregates::new(&deps, Snapshots::open(&config.snapshots)?);
    let (tasks, clock, ids) = (deps.tasks.clone(), Arc::clone(&deps.clock), Arc::clone(&deps.ids));
    let passwords = Passwords::new(config.hashing, Arc::clone(&config.secrets), tasks, ids);

    let mut service = Assembly::new(NAME, deps, model, project);
    service.react(&customers, OrderReactor { clock: Arc::clone(&clock) });
    let calls = Arc::new(Calls {
        service: service.service(),
        opened: service.await_also("bootstrap"),
        limiters: config.limits.limiters(&clock),
        welcome_credit: config.welcome_credit,
        secrets: config.secrets,
        auth: config.auth,
        customers,
        passwords,
    });
    let bootstrap = bootstrap::spawn(Arc::clone(&calls), config.admin_password);
    Ok((service.serve(http::calls(&calls), env!("CARGO_PKG_VERSION")), bootstrap))
}
