//! The read model in SQLite.

mod read;
mod write;

use async_trait::async_trait;
use runtime::{
    ModelError,
    sqlite::{Embedded, Schema, Tables},
};
use rusqlite::{Connection, Transaction};
use store::Balance;
use uuid::Uuid;

use super::{Change, Credentials, Customer, CustomerQuery, Model};

const SCHEMA: Schema = Schema {
    model: "customer",
    unmarked: &["checkpoint", "customer"],
    number: 1,
    variant: 0,
    create: "CREATE TABLE customer (
                 id BLOB PRIMARY KEY,
                 user TEXT NOT NULL UNIQUE,
                 full_name TEXT NOT NULL,
                 email TEXT NOT NULL,
                 manager INTEGER NOT NULL,
                 password TEXT NOT NULL,
                 revision INTEGER NOT NULL,
                 granted INTEGER NOT NULL,
                 credit INTEGER NOT NULL,
                 reserved INTEGER NOT NULL,
                 available INTEGER NOT NULL,
                 spent INTEGER NOT NULL,
                 registered INTEGER NOT NULL,
                 search TEXT NOT NULL
             ) WITHOUT ROWID;",
};

/// The embedded read model.
pub type SqliteModel = Embedded<CustomerTables>;

/// The table of customers.
#[derive(Clone, Copy, Debug)]
pub struct CustomerTables;

impl Tables for CustomerTables {
    type Change = Change;

    fn schema(&self) -> Schema {
        SCHEMA
    }

    fn another(&self) -> Self {
        *self
    }

    fn write(&self, tx: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
        write::all(tx, changes)
    }

    fn balances(connection: &Connection) -> rusqlite::Result<Vec<Balance>> {
        read::balances(connection)
    }
}

#[async_trait]
impl Model for SqliteModel {
    async fn customer(&self, id: Uuid) -> Result<Option<Customer>, ModelError> {
        self.read(|connection| read::customer(connection, id))
    }

    async fn credentials(&self, id: Uuid) -> Result<Option<Credentials>, ModelError> {
        self.read(|connection| read::credentials(connection, id))
    }

    async fn customers(&self, query: CustomerQuery) -> Result<Vec<Customer>, ModelError> {
        self.scan(move |connection| read::customers(connection, &query)).await
    }

    async fn count_customers(&self, query: CustomerQuery) -> Result<u64, ModelError> {
        self.scan(move |connection| read::count_customers(connection, &query)).await
    }
}
