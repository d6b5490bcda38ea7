//! The read model: every account with its customer's name, in SQLite.

use runtime::{
    ModelError,
    sqlite::{Embedded, Schema, Tables},
};
use rusqlite::{Connection, OptionalExtension, Result as Sql, Row, Transaction, params};
use store::Balance;
use uuid::Uuid;

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

/// The read model.
pub type Model = Embedded<LoyaltyTables>;

/// The tables of accounts and names.
#[derive(Clone, Copy, Debug)]
pub struct LoyaltyTables;

impl Tables for LoyaltyTables {
    type Change = Change;

    fn schema(&self) -> Schema {
        SCHEMA
    }

    fn another(&self) -> Self {
        *self
    }

    fn write(&self, tx: &Transaction<'_>, changes: &[Change]) -> Sql<()> {
        changes.iter().try_for_each(|change| apply(tx, change))
    }

    /// What loyalty can vouch for: every hundred points earned granted a reward.
    fn balances(connection: &Connection) -> Sql<Vec<Balance>> {
        let mut query = connection.prepare_cached(
            "SELECT coalesce(sum(rewards), 0), coalesce(sum(earned / 100), 0) FROM account",
        )?;
        query.query_row([], |row| {
            let name = "rewards = hundreds of points earned".to_owned();
            Ok(vec![Balance::new(name, row.get(0)?, row.get(1)?)])
        })
    }
}

/// What a customer has; nothing until the first order.
pub(crate) fn points(model: &Model, customer: Uuid) -> Result<Points, ModelError> {
    let sql = "SELECT earned, redeemed, rewards FROM account WHERE customer = ?1";
    let found = model.read(|connection| {
        let points = |row: &Row<'_>| {
            Ok(Points { earned: row.get(0)?, redeemed: row.get(1)?, rewards: row.get(2)? })
        };
        connection.prepare_cached(sql)?.query_row([customer.as_bytes()], points).optional()
    })?;
    Ok(found.unwrap_or_default())
}

/// The customer of that user name.
pub(crate) fn customer(model: &Model, user: &str) -> Result<Option<Uuid>, ModelError> {
    model.read(|connection| {
        let mut query = connection.prepare_cached("SELECT id FROM customer WHERE user = ?1")?;
        query.query_row([user], |row| row.get(0).map(Uuid::from_bytes)).optional()
    })
}

fn apply(tx: &Transaction<'_>, change: &Change) -> Sql<()> {
    let Change { customer, what } = change;
    let (column, number) = match what {
        What::Named(user) => {
            let named = "INSERT INTO customer VALUES (?1, ?2)";
            return tx.prepare_cached(named)?.execute(params![customer.as_bytes(), user]).map(drop);
        }
        What::Earned(points) => ("earned", points),
        What::Redeemed(points) => ("redeemed", points),
        What::Granted(rewards) => ("rewards", rewards),
    };
    let add = format!(
        "INSERT INTO account (customer, {column}) VALUES (?1, ?2)
         ON CONFLICT (customer) DO UPDATE SET {column} = {column} + excluded.{column}"
    );
    tx.prepare_cached(&add)?.execute(params![customer.as_bytes(), number]).map(drop)
}
