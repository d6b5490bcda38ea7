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
pub mod react;
mod tell;

use std::sync::Arc;

use runtime::{Aggregates, ModelError, projector, reactor, snapshots::Snapshots, sqlite::Location};
use web::{Deps, Inspect, Service};

pub use crate::module::MODULE;
pub use model::Model;
pub use project::project;

/// The service's name, and the first part of its routes.
pub const NAME: &str = "loyalty";

/// What can be chosen about the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the read model lives.
    pub model: Location,
    /// Where snapshots of long streams live.
    pub snapshots: Location,
}

/// Builds the service; its projector and its reactor run on the tasks of `deps` until these stop.
pub fn build(config: Config, deps: Deps) -> Result<Service, ModelError> {
    let Config { model, snapshots } = config;
    let model = Model::open(model, deps.tasks.clone())?;
    let accounts = Aggregates::new(&deps, Snapshots::open(&snapshots)?);

    let projected = deps.progress("loyalty.projector");
    let reacted = deps.progress("loyalty.reactor");
    projector::spawn(&deps.tasks, &deps.store(), Arc::clone(&model), project, projected.clone());
    reactor::spawn(&deps, accounts.clone(), react::OrderReactor, reacted.clone());

    let inspected: Arc<dyn Inspect> = Arc::<Model>::clone(&model);
    let followers = vec![projected.clone(), reacted];
    let desk = http::Desk { deps, model, progress: projected, accounts };
    let router = http::router(&Arc::new(desk), followers.clone());
    Ok(Service { name: NAME, router, followers, model: Some(inspected) })
}
