//! The service's calls: what they share, and the mapping of refusals to problems.

mod door;
mod events;
mod feed;
mod history;
mod list;
mod place;
mod statistics;
mod view;

use std::{sync::Arc, time::Duration};

use axum::Router;
use identity::Caller;
use kernel::Position;
use runtime::{Aggregates, ExecuteError, ModelError, Progress};
use store::Read;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::inspection;
use web::{Deps, Problem};

pub(crate) use {door::Pace, feed::Feed};

use crate::{
    NAME,
    domain::{self, Rejection},
    model::{Model, Order},
    react::OpenOrders,
};

/// Shared by all calls.
pub(crate) struct Orders {
    pub(crate) deps: Deps,
    pub(crate) model: Arc<dyn Model>,
    pub(crate) progress: Progress,
    pub(crate) aggregates: Aggregates<domain::Order>,
    pub(crate) deadline: Duration,
    pub(crate) feed: Feed,
    /// The open orders, as known to the reactor.
    pub(crate) open: OpenOrders,
    pub(crate) pace: Pace,
    pub(crate) reacted: Progress,
}

/// Runs what the calls need beside them until the tasks stop.
pub(crate) fn spawn_feed(orders: &Arc<Orders>) {
    feed::spawn(orders);
}

pub(crate) fn router(orders: &Arc<Orders>, followers: Vec<Progress>) -> Router {
    let api = OpenApiRouter::new()
        .routes(routes!(place::place_order))
        .routes(routes!(list::get_orders, list::find_orders))
        .routes(routes!(history::get_order_history))
        .routes(routes!(statistics::get_order_statistics))
        .routes(routes!(events::order_events))
        .with_state(Arc::clone(orders));
    let deps = &orders.deps;
    web::Api::new(NAME, env!("CARGO_PKG_VERSION"), deps.http.clone())
        .reads(orders.progress.clone())
        .follows(followers)
        .metrics(deps.metrics.http())
        .finish(api.merge(inspection(&orders.model)))
}

impl Orders {
    /// An order that the caller may see; 404 if unknown, 403 if it is another customer's.
    async fn visible(&self, caller: &Caller, order: Uuid) -> Result<Order, Problem> {
        let order = self.model.order(order).await.map_err(failed)?;
        let order = order.ok_or_else(|| Problem::not_found("There is no such order."))?;
        caller.must_be_customer(order.customer)?;
        Ok(order)
    }

    /// The id of the customer of that user name, whom the caller must be or manage; 404 if there is none.
    async fn customer(&self, caller: &Caller, user: &str) -> Result<Uuid, Problem> {
        if user == caller.user() {
            return Ok(caller.id());
        }
        caller.must_be(user)?;
        let customer = self.model.customer(user).await.map_err(failed)?;
        customer.ok_or_else(|| Problem::not_found("There is no such customer."))
    }

    /// 422 for a position that the log has not reached.
    async fn must_be_recorded(&self, position: Position) -> Result<(), Problem> {
        let recorded = self.within_the_log(position).await?;
        if recorded == position {
            return Ok(());
        }
        Err(Problem::field("AsOf", format!("is beyond {recorded}, the last recorded position")))
    }

    /// The position, or the last one of the log if that is shorter, as a restored one may be.
    async fn within_the_log(&self, position: Position) -> Result<Position, Problem> {
        if position <= self.progress.position() {
            return Ok(position);
        }
        let end = Read::All { from: Position(u64::MAX), categories: Vec::new() };
        let head = self.deps.store().read_soon(end).await.map_err(|_| unavailable())?.head;
        Ok(position.min(head))
    }
}

fn refusal(error: ExecuteError<Rejection>) -> Problem {
    match error {
        ExecuteError::Rejected(Rejection::Exists) => {
            Problem::conflict("/problems/order-exists", "There is an order of this id already.")
        }
        ExecuteError::KeyReused => {
            Problem::field("Idempotency-Key", "was used for another request")
        }
        ExecuteError::Unavailable => unavailable(),
        ExecuteError::Refused(reason) => Problem::internal(reason),
    }
}

fn unavailable() -> Problem {
    Problem::unavailable(Duration::from_secs(1), "The event store is not responding.")
}

fn failed(error: ModelError) -> Problem {
    Problem::from(error)
}
