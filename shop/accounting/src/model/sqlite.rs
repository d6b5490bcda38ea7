//! The read model in SQLite. Revenue is added up as invoices come, so that a year is read in as many rows as it has products.

mod query;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture};
use kernel::Position;
use runtime::{
    ModelError, ReadModel, Scans, SetAside, Tasks, sqlite::Database, sqlite::Location,
    sqlite::Schema,
};
use rusqlite::Connection;
use store::Balance;
use uuid::Uuid;
use web::Inspect;

use super::{Change, Invoice, Invoices, Model, Revenue};
use crate::calendar::Calendar;

/// The number of the tables' shape.
const SCHEMA: u32 = 2;

const TABLES: &str = "CREATE TABLE invoice (
         number INTEGER PRIMARY KEY,
         order_id BLOB NOT NULL,
         customer BLOB NOT NULL,
         product BLOB NOT NULL,
         product_name TEXT NOT NULL,
         quantity INTEGER NOT NULL,
         unit_price INTEGER NOT NULL,
         total INTEGER NOT NULL,
         currency TEXT NOT NULL,
         issued_at INTEGER NOT NULL,
         user TEXT,
         full_name TEXT
     );
     CREATE INDEX invoice_by_order ON invoice (order_id);
     CREATE INDEX invoice_by_customer ON invoice (customer, number);
     CREATE TABLE customer (
         id BLOB PRIMARY KEY,
         user TEXT,
         full_name TEXT
     ) WITHOUT ROWID;
     CREATE UNIQUE INDEX customer_by_user ON customer (user);
     CREATE TABLE month (
         year INTEGER NOT NULL,
         month INTEGER NOT NULL,
         invoices INTEGER NOT NULL,
         revenue INTEGER NOT NULL,
         PRIMARY KEY (year, month)
     ) WITHOUT ROWID;
     CREATE TABLE product (
         year INTEGER NOT NULL,
         id BLOB NOT NULL,
         name TEXT NOT NULL,
         quantity INTEGER NOT NULL,
         revenue INTEGER NOT NULL,
         PRIMARY KEY (year, id)
     ) WITHOUT ROWID;";

/// The embedded read model.
pub struct SqliteModel {
    database: Database,
    scans: Scans,
    calendar: Calendar,
}

impl SqliteModel {
    /// Opens the model at `location`, empty if there is none that can be used.
    pub fn open(
        location: Location,
        calendar: Calendar,
        tasks: Tasks,
    ) -> Result<Arc<Self>, ModelError> {
        let schema = Schema {
            model: "accounting",
            unmarked: &["checkpoint", "customer", "invoice", "month", "product"],
            number: SCHEMA,
            variant: super::zone_hash(&calendar),
            create: TABLES,
        };
        Ok(Arc::new(Self {
            database: Database::open(location, schema)?,
            scans: Scans::new(tasks),
            calendar,
        }))
    }

    /// Runs a query that may take long, beside the requests that do not.
    async fn scan<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ModelError> {
        let database = self.database.clone();
        self.scans.run(move || database.read(query)).await
    }
}

#[async_trait]
impl ReadModel for SqliteModel {
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
        let calendar = &self.calendar;
        self.database.apply(from, to, |transaction| write::apply(transaction, calendar, changes))
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

impl Inspect for SqliteModel {
    fn balances(&self) -> BoxFuture<'_, Result<Vec<Balance>, ModelError>> {
        self.scan(query::balances).boxed()
    }

    fn dump(&self) -> BoxFuture<'_, Result<Vec<String>, ModelError>> {
        ReadModel::dump(self)
    }
}

#[async_trait]
impl Model for SqliteModel {
    async fn invoice(&self, order: Uuid) -> Result<Option<Invoice>, ModelError> {
        self.database.read(|connection| query::invoice(connection, order))
    }

    async fn invoices(&self, wanted: Invoices) -> Result<Vec<Invoice>, ModelError> {
        self.scan(move |connection| query::invoices(connection, &wanted)).await
    }

    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        self.database.read(|connection| query::customer(connection, user))
    }

    async fn revenue(&self, year: i16) -> Result<Revenue, ModelError> {
        self.scan(move |connection| query::revenue(connection, year)).await
    }
}
