//! The read model in SQLite. Stock is in a separate narrow table, because it changes with every order.

mod indexed;
mod read;
mod select;
mod write;

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use kernel::Position;
use runtime::{
    ModelError,
    sqlite::{Embedded, Schema, Tables},
};
use rusqlite::{Connection, Transaction};
use store::Balance;
use uuid::Uuid;

use indexed::Indexed;

use super::{Category, CategoryQuery, Change, Created, Found, Model, Product, ProductQuery};

const SCHEMA: Schema = Schema {
    model: "product",
    unmarked: &["category", "checkpoint", "creation", "product", "product_text", "stock"],
    number: 6,
    variant: 0,
    // What is sorted and filtered by comes before the long texts.
    create: "CREATE TABLE product (
                 number INTEGER PRIMARY KEY,
                 id BLOB NOT NULL UNIQUE,
                 listed INTEGER NOT NULL,
                 category BLOB NOT NULL,
                 price INTEGER NOT NULL,
                 added INTEGER NOT NULL,
                 revision INTEGER NOT NULL,
                 name_key TEXT NOT NULL,
                 currency TEXT NOT NULL,
                 code TEXT,
                 picture TEXT,
                 name TEXT NOT NULL,
                 supplier TEXT NOT NULL,
                 description TEXT NOT NULL
             );
             CREATE INDEX product_by_name ON product (name_key, id) WHERE listed = 1;
             CREATE INDEX product_by_price ON product (price, id) WHERE listed = 1;
             CREATE INDEX product_by_age ON product (added, id) WHERE listed = 1;
             CREATE INDEX product_by_category ON product (category, name_key, id) WHERE listed = 1;
             CREATE TABLE stock (
                 product BLOB PRIMARY KEY,
                 received INTEGER NOT NULL DEFAULT 0,
                 on_hand INTEGER NOT NULL DEFAULT 0,
                 reserved INTEGER NOT NULL DEFAULT 0,
                 available INTEGER NOT NULL DEFAULT 0,
                 sold INTEGER NOT NULL DEFAULT 0,
                 changed INTEGER NOT NULL
             ) WITHOUT ROWID;
             CREATE INDEX stock_by_available ON stock (available, product);
             CREATE TABLE category (
                 id BLOB PRIMARY KEY,
                 name TEXT NOT NULL,
                 name_key TEXT NOT NULL,
                 search TEXT NOT NULL
             ) WITHOUT ROWID;
             CREATE TABLE creation (
                 key BLOB PRIMARY KEY,
                 request BLOB NOT NULL,
                 subject BLOB NOT NULL,
                 position INTEGER NOT NULL
             ) WITHOUT ROWID;
             CREATE TABLE low_stock (
                 only INTEGER PRIMARY KEY CHECK (only = 1),
                 units INTEGER NOT NULL
             );",
};

/// The embedded read model.
pub type SqliteModel = Embedded<ProductTables>;

/// The tables of products, stock and categories.
#[derive(Debug, Default)]
pub struct ProductTables {
    generation: AtomicU64,
    index: Indexed,
}

impl Tables for ProductTables {
    type Change = Change;

    fn schema(&self) -> Schema {
        SCHEMA
    }

    fn another(&self) -> Self {
        Self::default()
    }

    fn write(&self, tx: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
        write::all(tx, changes)?;
        self.index.written(changes);
        Ok(())
    }

    fn balances(connection: &Connection) -> rusqlite::Result<Vec<Balance>> {
        read::balances(connection)
    }

    fn changed(&self) {
        self.index.committed();
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn warm(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.index.warm(connection)
    }

    /// Answers that are kept must not be taken for those of rows that they do not come from.
    fn take_over(&self, before: &Self) {
        let highest = before.generation.load(Ordering::Acquire);
        self.generation.fetch_max(highest, Ordering::AcqRel);
        self.generation.fetch_add(1, Ordering::Release);
    }
}

#[async_trait]
impl Model for SqliteModel {
    async fn product(&self, id: Uuid) -> Result<Option<Product>, ModelError> {
        self.read(|connection| read::product(connection, id))
    }

    async fn products(&self, wanted: ProductQuery) -> Result<Found, ModelError> {
        self.scan_with(move |tables, connection| {
            if wanted.is_plain() {
                read::listed(connection, &wanted)
            } else {
                read::found(connection, &tables.index, &wanted)
            }
        })
        .await
    }

    async fn has_category(&self, id: Uuid) -> Result<bool, ModelError> {
        self.read(|connection| read::has_category(connection, id))
    }

    async fn category(&self, id: Uuid) -> Result<Option<Category>, ModelError> {
        self.read(|connection| read::category(connection, id))
    }

    async fn categories(&self, wanted: CategoryQuery) -> Result<Vec<Category>, ModelError> {
        self.scan(move |connection| read::categories(connection, &wanted)).await
    }

    async fn count_categories(&self, wanted: CategoryQuery) -> Result<u64, ModelError> {
        self.scan(move |connection| read::count_categories(connection, &wanted)).await
    }

    async fn low_stock(&self) -> Result<Option<i64>, ModelError> {
        self.read(read::low_stock)
    }

    async fn created(&self, key: Uuid) -> Result<Option<(Created, Position)>, ModelError> {
        self.read(|connection| read::created(connection, key))
    }

    fn generation(&self) -> u64 {
        self.with_tables(|tables| tables.generation.load(Ordering::Acquire))
    }
}
