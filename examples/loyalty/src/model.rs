//! The read model: every account with its customer's name, in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture};
use kernel::Position;
use runtime::{
    ModelError, ReadModel, Scans, SetAside, Tasks, sqlite::Database, sqlite::Location,
    sqlite::Schema,
};
use rusqlite::{Connection, OptionalExtension, Result as Sql, Transaction, params};
use store::Balance;
use uuid::Uuid;
use web::Inspect;

const SCHEMA: Schema = Schema {
    model: "loyalty",
    unmarked: &[],
    number: 1,
    variant: 0,
    create: "CREATE TABLE customer (id BLOB PRIMARY KEY, user TEXT NOT NULL) WITHOUT ROWID;
     CREATE UNIQUE INDEX customer_by_user ON customer (user);
     CREATE TABLE account (
         customer BLOB PRIMARY KEY,
         earned INTEGER NOT NULL DEFAULT 0,
         redeemed INTEGER NOT NULL DEFAULT 0,
         rewards INTEGER NOT NULL DEFAULT 0
     ) WITHOUT ROWID;",
};

/// What an event changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub customer: Uuid,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Named(String),
    Earned(u64),
    Granted(u64),
    Redeemed(u64),
}

/// What a customer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    pub earned: u64,
    pub redeemed: u64,
    pub rewards: u64,
}

/// The embedded read model.
pub struct Model {
    database: Database,
    scans: Scans,
}

impl Model {
    /// Opens the model at `location`, empty if there is none that can be used.
    pub fn open(location: Location, tasks: Tasks) -> Result<Arc<Self>, ModelError> {
        let database = Database::open(location, SCHEMA)?;
        Ok(Arc::new(Self { database, scans: Scans::new(tasks) }))
    }

    /// What a customer has; nothing until the first order.
    pub fn points(&self, customer: Uuid) -> Result<Points, ModelError> {
        let found = self.database.read(|connection| points(connection, customer))?;
        Ok(found.unwrap_or_default())
    }

    /// The customer of that user name.
    pub fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        self.database.read(|connection| {
            let mut query = connection.prepare_cached("SELECT id FROM customer WHERE user = ?1")?;
            query.query_row([user], |row| row.get(0).map(Uuid::from_bytes)).optional()
        })
    }
}

#[async_trait]
impl ReadModel for Model {
    type Change = Change;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.database.checkpoint()
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Change],
        to: Position,
    ) -> Result<(), ModelError> {
        self.database.apply(from, to, |transaction| {
            changes.iter().try_for_each(|change| apply(transaction, change))
        })
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.database.set_aside(event)
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.database.aside()
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.database.built_from(first)
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.database.reset()
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        let database = self.database.clone();
        self.scans.own(move || database.dump()).await
    }

    fn database(&self) -> Option<&Database> {
        Some(&self.database)
    }
}

impl Inspect for Model {
    fn balances(&self) -> BoxFuture<'_, Result<Vec<Balance>, ModelError>> {
        let database = self.database.clone();
        self.scans.run(move || database.read(balances)).boxed()
    }

    fn dump(&self) -> BoxFuture<'_, Result<Vec<String>, ModelError>> {
        ReadModel::dump(self)
    }
}

fn apply(transaction: &Transaction<'_>, change: &Change) -> Sql<()> {
    let Change { customer, what } = change;
    let (column, number) = match what {
        What::Named(user) => {
            let named = "INSERT INTO customer VALUES (?1, ?2)";
            return transaction
                .prepare_cached(named)?
                .execute(params![customer.as_bytes(), user])
                .map(drop);
        }
        What::Earned(points) => ("earned", points),
        What::Redeemed(points) => ("redeemed", points),
        What::Granted(rewards) => ("rewards", rewards),
    };
    let add = format!(
        "INSERT INTO account (customer, {column}) VALUES (?1, ?2)
         ON CONFLICT (customer) DO UPDATE SET {column} = {column} + excluded.{column}"
    );
    transaction.prepare_cached(&add)?.execute(params![customer.as_bytes(), number]).map(drop)
}

fn points(connection: &Connection, customer: Uuid) -> Sql<Option<Points>> {
    let mut query = connection
        .prepare_cached("SELECT earned, redeemed, rewards FROM account WHERE customer = ?1")?;
    let points = query.query_row([customer.as_bytes()], |row| {
        Ok(Points { earned: row.get(0)?, redeemed: row.get(1)?, rewards: row.get(2)? })
    });
    points.optional()
}

/// What loyalty can vouch for: every hundred points earned granted a reward.
fn balances(connection: &Connection) -> Sql<Vec<Balance>> {
    let mut query = connection.prepare_cached(
        "SELECT coalesce(sum(rewards), 0), coalesce(sum(earned / 100), 0) FROM account",
    )?;
    query.query_row([], |row| {
        let name = "rewards = hundreds of points earned".to_owned();
        Ok(vec![Balance { name, left: row.get(0)?, right: row.get(1)? }])
    })
}
