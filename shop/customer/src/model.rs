//! The read model of customers: a port, with an embedded engine and one in Redis.

pub mod conformance;
#[cfg(feature = "servers")]
mod redis;
mod sqlite;

use async_trait::async_trait;
use contracts::customer::Role;
use contracts::money::Money;
use kernel::Position;
use runtime::{ModelError, ReadModel, ServerEngine};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::{
    redis::{RedisLocation, RedisModel},
    sqlite::{CustomerTables, SqliteModel},
};

/// Redis, which a program can be built without.
#[derive(Clone, Copy, Debug)]
pub struct Redis;

impl ServerEngine for Redis {
    const NAME: &'static str = "Redis";
    const FEATURE: &'static str = "servers";
    const SCHEMES: &'static [&'static str] = &["redis", "rediss"];
    const FORMS: &'static str =
        "sqlite:FILE or redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME]";
    const MODEL: &'static str = crate::NAME;
}

#[cfg(not(feature = "servers"))]
mod redis {
    use runtime::model::server::LeftOut;

    pub type RedisLocation = LeftOut<super::Redis>;
    pub type RedisModel = LeftOut<super::Redis>;
}

/// Everything the service answers from. Point reads take microseconds; lists may take longer and do not block other requests.
///
/// Reads see everything up to some position that never goes back, and never a part of a change.
#[async_trait]
pub trait Model: ReadModel<Change = Change> {
    /// The customer of that id, if there is one.
    async fn customer(&self, id: Uuid) -> Result<Option<Customer>, ModelError>;

    /// What is needed to check a log-in, and by nothing else.
    async fn credentials(&self, id: Uuid) -> Result<Option<Credentials>, ModelError>;

    /// The customers that match, in order, `query.count` at most.
    async fn customers(&self, query: CustomerQuery) -> Result<Vec<Customer>, ModelError>;

    /// How many customers match, `query.count` at most.
    async fn count_customers(&self, query: CustomerQuery) -> Result<u64, ModelError>;
}

/// A user with an account, without the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub user: String,
    pub full_name: String,
    pub email: String,
    pub role: Role,
    /// Changes by people, not of sales.
    pub revision: u64,
    pub credit: Money,
    pub reserved: Money,
    pub available: Money,
    /// Where the registration is in the log.
    pub registered: Position,
}

/// A sealed password hash and whose it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub role: Role,
    pub password: String,
}

/// A page of the list of all customers.
#[derive(Clone, Debug, Default)]
pub struct CustomerQuery {
    /// Part of a user name, a full name or an e-mail address, whatever its case.
    pub search: Option<String>,
    pub sort: Sort,
    /// The last customer of the page before.
    pub after: Option<Cursor>,
    pub count: usize,
}

/// The orders a list can have; equal ones by user name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    UserName,
    Credit,
    CreditDown,
    Newest,
}

/// Where a customer is in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What is sorted by before the user name, if anything is.
    pub by: i64,
    pub user: String,
}

/// What an event changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The position of the event, by which a repeated change is recognized.
    pub position: Position,
    pub customer: Uuid,
    pub what: What,
}

/// What changes about a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Registered(RegisteredRow),
    Profile {
        full_name: Option<String>,
        email: Option<String>,
    },
    Password(String),
    /// Credit moved by people, which counts as a revision.
    Granted(Money),
    /// Credit moved by orders.
    Moved(Moved),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredRow {
    pub user: String,
    pub full_name: String,
    pub email: String,
    pub role: Role,
    pub password: String,
    pub credit: Money,
}

/// Differences: each is added to what is there. Only changes people who are registered.
///
/// What is available and what is spent are counted by themselves, so that the balances have something to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub credit: Money,
    pub reserved: Money,
    pub available: Money,
    pub spent: Money,
}

impl Sort {
    /// Where `customer` is in a list of this order.
    #[must_use]
    pub fn cursor(self, customer: &Customer) -> Cursor {
        let by = match self {
            Self::UserName => 0,
            Self::Credit | Self::CreditDown => customer.credit.minor(),
            Self::Newest => i64::try_from(customer.registered.0).unwrap_or(i64::MAX),
        };
        Cursor { by, user: customer.user.clone() }
    }
}
