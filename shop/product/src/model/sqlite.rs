//! The read model in SQLite. Stock is in a separate narrow table, because it changes with every order.

mod grams;
mod query;
mod search;
mod write;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

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

use super::{Categories, Category, Change, Created, Found, Model, Product, Products};

const SCHEMA: Schema = Schema {
    model: "product",
    unmarked: &["category", "checkpoint", "creation", "product", "product_text", "stock"],
    number: 3,
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
                 name TEXT NOT NULL,
                 supplier TEXT NOT NULL,
                 description TEXT NOT NULL
             );
             CREATE INDEX product_by_name ON product (name_key, id) WHERE listed = 1;
             CREATE INDEX product_by_price ON product (price, id) WHERE listed = 1;
             CREATE INDEX product_by_age ON product (added, id) WHERE listed = 1;
             CREATE INDEX product_by_category ON product (category, name_key, id) WHERE listed = 1;
             CREATE TABLE product_text (
                 number INTEGER PRIMARY KEY,
                 search TEXT NOT NULL
             );
             CREATE VIRTUAL TABLE product_gram USING fts5 (
                 grams, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
             );
             CREATE TABLE stock (
                 product BLOB PRIMARY KEY,
                 number INTEGER NOT NULL,
                 received INTEGER NOT NULL DEFAULT 0,
                 on_hand INTEGER NOT NULL DEFAULT 0,
                 reserved INTEGER NOT NULL DEFAULT 0,
                 available INTEGER NOT NULL DEFAULT 0,
                 sold INTEGER NOT NULL DEFAULT 0,
                 changed INTEGER NOT NULL
             ) WITHOUT ROWID;
             CREATE INDEX stock_by_available ON stock (available, product, number);
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
             ) WITHOUT ROWID;",
};

/// The embedded read model.
pub struct SqliteModel {
    database: Database,
    scans: Scans,
    generation: AtomicU64,
}

impl SqliteModel {
    /// Opens the model at `location`, empty if there is none that can be used.
    pub fn open(location: Location, tasks: Tasks) -> Result<Arc<Self>, ModelError> {
        let database = Database::open(location, SCHEMA)?;
        Ok(Arc::new(Self { database, scans: Scans::new(tasks), generation: AtomicU64::new(0) }))
    }

    /// Runs a query that may take long, beside the requests that do not.
    async fn scan<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ModelError> {
        let database = self.database.clone();
        self.scans.run(move || database.read(query)).await
    }

    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
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
        self.database.apply(from, to, |transaction| write::apply(transaction, changes))?;
        if !changes.is_empty() {
            self.changed();
        }
        Ok(())
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
        self.database.reset()?;
        self.changed();
        Ok(())
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
    async fn product(&self, id: Uuid) -> Result<Option<Product>, ModelError> {
        self.database.read(|connection| query::product(connection, id))
    }

    async fn products(&self, wanted: Products) -> Result<Found, ModelError> {
        self.scan(move |connection| query::products(connection, &wanted)).await
    }

    async fn category(&self, id: Uuid) -> Result<Option<Category>, ModelError> {
        self.database.read(|connection| query::category(connection, id))
    }

    async fn categories(&self, wanted: Categories) -> Result<Vec<Category>, ModelError> {
        self.scan(move |connection| query::categories(connection, &wanted)).await
    }

    async fn created(&self, key: Uuid) -> Result<Option<(Created, Position)>, ModelError> {
        self.database.read(|connection| query::created(connection, key))
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}
