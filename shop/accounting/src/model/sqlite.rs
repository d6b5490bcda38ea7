//! The read model in SQLite. Revenue is added up as invoices come, so that a year is read in as many rows as it has products.

mod read;
mod write;

use async_trait::async_trait;
use jiff::civil::Date;
use runtime::{
    ModelError,
    sqlite::{Embedded, Schema, Tables},
};
use rusqlite::{Connection, Transaction};
use store::Balance;
use uuid::Uuid;

use super::{Change, Invoice, InvoiceQuery, Model, Revenue, Sum};
use crate::calendar::Calendar;

/// The number of the tables' shape.
const SCHEMA: u32 = 3;

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
     CREATE TABLE day (
         date INTEGER PRIMARY KEY,
         invoices INTEGER NOT NULL,
         revenue INTEGER NOT NULL
     );
     CREATE TABLE product (
         year INTEGER NOT NULL,
         id BLOB NOT NULL,
         name TEXT NOT NULL,
         quantity INTEGER NOT NULL,
         revenue INTEGER NOT NULL,
         PRIMARY KEY (year, id)
     ) WITHOUT ROWID;";

/// The embedded read model.
pub type SqliteModel = Embedded<AccountingTables>;

/// The tables of invoices and revenue.
#[derive(Debug)]
pub struct AccountingTables(pub Calendar);

impl Tables for AccountingTables {
    type Change = Change;

    fn schema(&self) -> Schema {
        Schema {
            model: "accounting",
            unmarked: &["checkpoint", "customer", "invoice", "month", "product"],
            number: SCHEMA,
            variant: super::zone_hash(&self.0),
            create: TABLES,
        }
    }

    fn another(&self) -> Self {
        Self(self.0.clone())
    }

    fn write(&self, tx: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
        write::all(tx, &self.0, changes)
    }

    fn balances(connection: &Connection) -> rusqlite::Result<Vec<Balance>> {
        read::balances(connection)
    }
}

#[async_trait]
impl Model for SqliteModel {
    async fn invoice(&self, order: Uuid) -> Result<Option<Invoice>, ModelError> {
        self.read(|connection| read::invoice(connection, order))
    }

    async fn invoices(&self, wanted: InvoiceQuery) -> Result<Vec<Invoice>, ModelError> {
        self.scan(move |connection| read::invoices(connection, &wanted)).await
    }

    async fn customer(&self, user: &str) -> Result<Option<Uuid>, ModelError> {
        self.read(|connection| read::customer(connection, user))
    }

    async fn revenue(&self, year: i16) -> Result<Revenue, ModelError> {
        self.scan(move |connection| read::revenue(connection, year)).await
    }

    async fn days(&self, first: Date, last: Date) -> Result<Vec<(Date, Sum)>, ModelError> {
        self.scan(move |connection| read::days(connection, first, last)).await
    }
}
