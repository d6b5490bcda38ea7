//! The service's calls: what they share, and the mapping of refusals to problems.

mod door;
mod events;
mod feed;
mod history;
mod list;
mod place;
mod statistics;
mod view;

use std::{ops::Deref, sync::Arc, time::Duration};

use identity::Caller;
use runtime::{Aggregates, Progress};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{Problem, ServiceContext, metrics::Counter};

pub(crate) use feed::Feed;

use crate::{
    domain::{self, Rejection},
    door::Door,
    model::{Model, Order},
};

/// Shared by all calls.
pub(crate) struct Calls {
    pub(crate) service: ServiceContext<dyn Model>,
    pub(crate) orders: Aggregates<domain::Order>,
    pub(crate) deadline: Duration,
    pub(crate) feed: Feed,
    pub(crate) door: Door,
    /// Orders refused at the door.
    pub(crate) refused: Counter,
    /// How far the reactor is, by which the door knows of the orders.
    pub(crate) reacted: Progress,
}

/// Runs what the calls need beside them until the tasks stop.
pub(crate) fn spawn_feed(calls: &Arc<Calls>) {
    feed::spawn(calls);
}

impl Deref for Calls {
    type Target = ServiceContext<dyn Model>;

    fn deref(&self) -> &ServiceContext<dyn Model> {
        &self.service
    }
}

pub(crate) fn calls(calls: &Arc<Calls>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(place::place_order))
        .routes(routes!(list::get_orders, list::find_orders))
        .routes(routes!(history::get_order_history))
        .routes(routes!(statistics::get_order_statistics))
        .routes(routes!(events::order_events))
        .with_state(Arc::clone(calls))
}

impl Calls {
    /// An order that the caller may see; 404 if unknown, 403 if it is another customer's.
    async fn visible(&self, caller: &Caller, order: Uuid) -> Result<Order, Problem> {
        let order = self.model.order(order).await?;
        let order = order.ok_or_else(no_order)?;
        caller.must_be_customer(order.customer)?;
        Ok(order)
    }

    /// The id of the customer of that user name, whom the caller must be or manage; 404 if there is none.
    async fn customer(&self, caller: &Caller, user: &str) -> Result<Uuid, Problem> {
        caller.customer(user, self.model.customer(user)).await
    }
}

impl From<Rejection> for Problem {
    fn from(Rejection::Exists: Rejection) -> Self {
        Self::conflict("/problems/order-exists", "An order with this id already exists.")
    }
}

fn no_order() -> Problem {
    Problem::not_found("There is no such order.")
}
