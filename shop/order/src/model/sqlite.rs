//! The read model in SQLite.

mod read;
mod write;

use async_trait::async_trait;
use contracts::money::Money;
use kernel::Position;
use runtime::{
    ModelError,
    sqlite::{Embedded, Schema, Tables},
};
use rusqlite::{Connection, OptionalExtension, Transaction};
use store::Balance;
use uuid::Uuid;

use super::{Change, Model, Order, OrderQuery, Product, Statistics, Step, Within};

/// Orders are keyed by where they were placed, so that rows, lists and steps all grow at the end.
const SCHEMA: Schema = Schema {
    model: "order",
    unmarked: &["checkpoint", "orders", "person", "product", "step", "tally"],
    number: 5,
    variant: 0,
    create: "CREATE TABLE orders (
                 placed INTEGER PRIMARY KEY,
                 id BLOB NOT NULL UNIQUE,
                 customer BLOB NOT NULL,
                 product BLOB NOT NULL,
                 product_name TEXT NOT NULL,
                 quantity INTEGER NOT NULL,
                 price INTEGER NOT NULL,
                 currency TEXT NOT NULL,
                 placed_at INTEGER NOT NULL,
                 status INTEGER NOT NULL,
                 stock INTEGER NOT NULL,
                 credit INTEGER NOT NULL,
                 reasons INTEGER NOT NULL,
                 invoice INTEGER,
                 updated INTEGER NOT NULL,
                 updated_at INTEGER NOT NULL,
                 ended_at INTEGER,
                 correlation BLOB NOT NULL,
                 channel INTEGER NOT NULL
             );
             CREATE INDEX orders_correlation ON orders (correlation);
             CREATE TABLE step (
                 position INTEGER PRIMARY KEY,
                 placed INTEGER NOT NULL,
                 service TEXT NOT NULL,
                 kind TEXT NOT NULL,
                 actor TEXT NOT NULL,
                 cause INTEGER,
                 at INTEGER NOT NULL,
                 details TEXT NOT NULL
             );
             CREATE INDEX step_order ON step (placed);
             CREATE TABLE product (
                 id BLOB PRIMARY KEY,
                 name TEXT NOT NULL,
                 price INTEGER NOT NULL,
                 currency TEXT NOT NULL,
                 listed INTEGER NOT NULL
             ) WITHOUT ROWID;
             CREATE TABLE person (id BLOB PRIMARY KEY, user TEXT NOT NULL UNIQUE) WITHOUT ROWID;
             CREATE TABLE tally (placed INTEGER NOT NULL, canceled INTEGER NOT NULL, finalized INTEGER NOT NULL);
             INSERT INTO tally VALUES (0, 0, 0);",
};

/// By which orders are listed and counted.
const INDEXES: &str = "CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer, placed);
             CREATE INDEX IF NOT EXISTS orders_changed ON orders (customer, updated);
             CREATE INDEX IF NOT EXISTS orders_open ON orders (placed) WHERE status IN (0, 2);
             CREATE INDEX IF NOT EXISTS orders_running ON orders (placed) WHERE status IN (0, 2) OR status = 3 AND (stock <> 4 OR credit <> 4 OR invoice IS NULL) OR status = 1 AND (stock NOT IN (2, 3) OR credit NOT IN (2, 3));";

/// The embedded read model.
pub type SqliteModel = Embedded<OrderTables>;

/// The tables of orders, their steps, and what is known of products and customers.
#[derive(Clone, Copy, Debug)]
pub struct OrderTables;

impl Tables for OrderTables {
    type Change = Change;

    fn schema(&self) -> Schema {
        SCHEMA
    }

    fn another(&self) -> Self {
        *self
    }

    fn indexes(&self) -> &'static str {
        INDEXES
    }

    fn write(&self, tx: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
        write::all(tx, changes)
    }

    /// Placed and ended orders are counted as they happen, open ones by looking.
    fn balances(connection: &Connection) -> rusqlite::Result<Vec<Balance>> {
        let sql = "SELECT placed, canceled + finalized + (SELECT count(*) FROM orders WHERE status IN (0, 2)) FROM tally";
        connection.prepare_cached(sql)?.query_row([], |row| {
            let name = "orders = open + canceled + finalized".to_owned();
            Ok(vec![Balance::new(name, row.get(0)?, row.get(1)?)])
        })
    }
}

#[async_trait]
impl Model for SqliteModel {
    async fn product(&self, id: Uuid) -> Result<Option<Product>, ModelError> {
        self.read(|connection| {
            let sql = "SELECT name, price, currency FROM product WHERE id = ?1 AND listed";
            connection
                .prepare_cached(sql)?
                .query_row([id.as_bytes()], |row| {
                    let price = Money::from_minor(row.get(1)?);
                    Ok(Product { name: row.get(0)?, price, currency: row.get(2)? })
                })
                .optional()
        })
    }

    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT id FROM person WHERE user = ?1")?;
            query.query_row([user], |row| row.get(0).map(Uuid::from_bytes)).optional()
        })
    }

    async fn user(&self, customer: Uuid) -> Result<Option<String>, ModelError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT user FROM person WHERE id = ?1")?;
            query.query_row([customer.as_bytes()], |row| row.get(0)).optional()
        })
    }

    async fn order(&self, id: Uuid) -> Result<Option<Order>, ModelError> {
        self.read(|connection| read::order(connection, id))
    }

    async fn orders(&self, query: OrderQuery) -> Result<Vec<Order>, ModelError> {
        self.scan(move |connection| read::orders(connection, &query)).await
    }

    async fn count_orders(&self, query: OrderQuery) -> Result<u64, ModelError> {
        self.scan(move |connection| read::count_orders(connection, &query)).await
    }

    async fn orders_by_digits(
        &self,
        digits: String,
        customer: Option<Uuid>,
        count: usize,
    ) -> Result<Vec<Order>, ModelError> {
        self.scan(move |connection| read::orders_by_digits(connection, &digits, customer, count))
            .await
    }

    async fn history(
        &self,
        order: Uuid,
        after: Position,
        count: usize,
    ) -> Result<Vec<Step>, ModelError> {
        self.read(|connection| read::history(connection, order, after, count))
    }

    async fn changes(
        &self,
        customer: Option<Uuid>,
        after: Position,
        count: usize,
    ) -> Result<Vec<(Step, Order)>, ModelError> {
        let read = move |connection: &Connection| read::changes(connection, customer, after, count);
        if customer.is_some() {
            return self.scan(read).await;
        }
        // All changes have few readers: the feed, and streams of managers that catch up.
        self.own(read).await
    }

    async fn statistics(&self, placed: Within) -> Result<Statistics, ModelError> {
        self.scan(move |connection| read::statistics(connection, placed)).await
    }
}
