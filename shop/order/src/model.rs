//! The read model of orders: a port, with an embedded engine and one in PostgreSQL.

mod batch;
pub mod conformance;
mod numbers;
#[cfg(feature = "servers")]
mod postgres;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use contracts::money::Money;
use contracts::{
    order::{Channel, Reason, Terms, lifecycle::Status},
    rest::order::Durations,
};
use kernel::{Actor, EventType, Position, Timestamp};
use runtime::{ModelError, ReadModel, ServerEngine};
use uuid::Uuid;

pub use self::{
    postgres::{PostgresLocation, PostgresModel},
    sqlite::{OrderTables, SqliteModel},
};
pub use contracts::order::lifecycle::{Effect, OrderState};

/// PostgreSQL, which a program can be built without.
#[derive(Clone, Copy, Debug)]
pub struct Postgres;

impl ServerEngine for Postgres {
    const NAME: &'static str = "PostgreSQL";
    const FEATURE: &'static str = "servers";
    const SCHEMES: &'static [&'static str] = &["postgres", "postgresql"];
    const FORMS: &'static str =
        "sqlite:FILE or postgres://USER:PASSWORD@HOST[:PORT]/DATABASE[?schema=NAME]";
    const MODEL: &'static str = crate::NAME;
}

#[cfg(not(feature = "servers"))]
mod postgres {
    use runtime::model::server::LeftOut;

    pub type PostgresLocation = LeftOut<super::Postgres>;
    pub type PostgresModel = LeftOut<super::Postgres>;
}

/// Everything the service answers from. Point reads take microseconds; the others may take longer and do not block other requests.
///
/// Reads see everything up to some position that never goes back, and never a part of a change.
#[async_trait]
pub trait Model: ReadModel<Change = Change> {
    /// The service's own copy of a product, if it is in the catalogue.
    async fn product(&self, id: Uuid) -> Result<Option<Product>, ModelError>;

    /// The id of the customer of that user name.
    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError>;

    /// The user name of the customer of that id.
    async fn user(&self, customer: Uuid) -> Result<Option<String>, ModelError>;

    async fn order(&self, id: Uuid) -> Result<Option<Order>, ModelError>;

    /// The orders that match, newest first, `query.count` at most.
    async fn orders(&self, query: OrderQuery) -> Result<Vec<Order>, ModelError>;

    /// How many orders match, `query.count` at most.
    async fn count_orders(&self, query: OrderQuery) -> Result<u64, ModelError>;

    /// The orders whose id begins or ends with these hex digits, newest first, `count` at most; of this customer, if one is given.
    async fn orders_by_digits(
        &self,
        digits: String,
        customer: Option<Uuid>,
        count: usize,
    ) -> Result<Vec<Order>, ModelError>;

    /// The steps of an order behind a position, in the order of the log, `count` at most.
    async fn history(
        &self,
        order: Uuid,
        after: Position,
        count: usize,
    ) -> Result<Vec<Step>, ModelError>;

    /// The steps of all orders behind a position, or of one customer's, in the order of the log, `count` at most, each with its
    /// order as it is now.
    async fn changes(
        &self,
        customer: Option<Uuid>,
        after: Position,
        count: usize,
    ) -> Result<Vec<(Step, Order)>, ModelError>;

    /// The orders placed within a time, in figures.
    async fn statistics(&self, placed: Within) -> Result<Statistics, ModelError>;
}

/// What the service knows of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub name: String,
    pub price: Money,
    pub currency: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: Uuid,
    pub customer: Uuid,
    /// The customer's user name; empty if unknown.
    pub user: String,
    pub product: Uuid,
    pub product_name: String,
    pub quantity: u32,
    pub price: Money,
    pub currency: String,
    /// By which client it was placed.
    pub channel: Channel,
    /// Where `order.placed` is in the log.
    pub placed: Position,
    pub placed_at: Timestamp,
    pub state: OrderState,
}

/// What happened to an order, or for it, in any service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub position: Position,
    /// The category of the event's stream.
    pub service: String,
    /// The type of the recorded event.
    pub kind: String,
    pub actor: String,
    /// The position of the event that it reacts to, if it does.
    pub cause: Option<Position>,
    pub at: Timestamp,
    /// What matters of the event, as a JSON object.
    pub details: String,
}

/// Which orders, and how many of them.
#[derive(Clone, Debug, Default)]
pub struct OrderQuery {
    pub customer: Option<Uuid>,
    pub product: Option<Uuid>,
    pub status: Option<Status>,
    pub channel: Option<Channel>,
    /// Only orders that have not ended; or, if false, only those that have.
    pub running: Option<bool>,
    pub placed: Within,
    pub sort: Sort,
    /// Only orders behind the one that was placed at this position, in the order of the list: the last one of the page before.
    pub after: Option<Position>,
    pub count: usize,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By when orders were placed.
    #[default]
    Newest,
    Oldest,
    /// By how long it took from placing to the last step; of those as long, the newer first.
    Longest,
}

impl Sort {
    /// What is behind an order by where it was placed, `?`, and how the list is sorted, in SQL.
    ///
    /// No index has how long orders took: it would change with every step of every order, for a list that is looked at now and then and is
    /// no dearer than the statistics, which go through the same rows.
    const fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Newest => ("orders.placed < ?", "orders.placed DESC"),
            Self::Oldest => ("orders.placed > ?", "orders.placed ASC"),
            Self::Longest => (
                "(orders.updated_at - orders.placed_at, orders.placed) <
                 (SELECT last.updated_at - last.placed_at, last.placed FROM orders AS last WHERE last.placed = ?)",
                "orders.updated_at - orders.placed_at DESC, orders.placed DESC",
            ),
        }
    }
}

/// A time from (and with) a point to (and without) another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// Orders in figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// How many there are of each status with the same reasons.
    pub counts: Vec<(Status, Vec<Reason>, u64)>,
    pub durations: Durations,
}

/// What an event changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The position of the event, by which a repeated change is recognized.
    pub position: Position,
    pub at: Timestamp,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A product is in the catalogue, like this.
    Listed(Uuid, Product),
    /// A product has another name or price.
    Changed { product: Uuid, name: Option<String>, price: Option<Money> },
    /// A product is no longer in the catalogue.
    Unlisted(Uuid),
    /// A customer registered.
    Customer { id: Uuid, user: String },
    /// Something happened to an order.
    Happened(Happened),
}

/// A step of an order and what it does to it. A step of an order that was never placed changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    pub whose: Whose,
    /// The category of the event's stream.
    pub service: String,
    pub kind: EventType,
    pub actor: Actor,
    /// The position of the event that it reacts to, if it does.
    pub cause: Option<Position>,
    pub details: String,
    pub effect: Effect,
    /// With `order.placed`: what was ordered.
    pub placed: Option<Arc<Placing>>,
}

/// What an order begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Placing {
    pub terms: Terms,
    pub channel: Channel,
    /// Of everything that follows from the order.
    pub correlation: Uuid,
}

/// The order that a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This one: one of the shop's own events says so.
    Order(Uuid),
    /// What follows from an order in a service, or by a type, that this one does not know. It is that of these orders which is first
    /// found to be placed before it, or else no order's:
    ///
    /// 1. the one that its data names in `order`,
    /// 2. the one whose step it has as its cause,
    /// 3. the only one that was placed under its correlation. A correlation follows from the id that a client gave its request, so two
    ///    orders may share one; then it says nothing, and an event that neither names an order nor has a cause belongs to neither.
    Following { named: Option<Uuid>, correlation: Uuid },
}

impl Order {
    /// The order as it was when it was placed.
    #[must_use]
    pub fn into_placed(mut self) -> Self {
        self.state = OrderState::placed(self.placed_at);
        self
    }

    /// Takes in the next step of its history.
    pub fn take(&mut self, step: &Step) {
        self.state.take(&Effect::of_step(&step.service, &step.kind, &step.details), step.at);
    }
}
