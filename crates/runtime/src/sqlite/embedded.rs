//! A read model in SQLite but for its tables: the database, turns for long queries, and the engine's part of [`ReadModel`].

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Position;
use rusqlite::{Connection, Transaction};
use store::Balance;
use uuid::Uuid;

use super::{Database, Location, Schema};
use crate::{ModelError, ReadModel, Scans, SetAside, Tasks, model::TakenUp};

/// The tables of an embedded read model, and how its changes are written to them.
pub trait Tables: Send + Sync + 'static {
    /// What can happen to the model.
    type Change: Send + Sync + 'static;

    /// The tables as they are created.
    fn schema(&self) -> Schema;

    /// Writes changes, in order.
    fn write(
        &self,
        transaction: &Transaction<'_>,
        changes: &[Self::Change],
    ) -> rusqlite::Result<()>;

    /// As [`ReadModel::balances`].
    fn balances(_connection: &Connection) -> rusqlite::Result<Vec<Balance>> {
        Ok(Vec::new())
    }

    /// Called after readers may see other rows than before.
    fn changed(&self) {}
}

/// A read model in a database of its own. A service adds its queries.
#[derive(Clone, Debug)]
pub struct Embedded<T> {
    tables: T,
    database: Database,
    scans: Scans,
}

impl<T: Tables> Embedded<T> {
    /// Opens the model at `location`, empty if there is none that can be used; see [`Database::open`].
    pub fn open(tables: T, location: Location, tasks: Tasks) -> Result<Arc<Self>, ModelError> {
        let database = Database::open(location, tables.schema())?;
        Ok(Arc::new(Self { tables, database, scans: Scans::new(tasks) }))
    }
}

impl<T> Embedded<T> {
    /// The tables, with what is kept beside them.
    #[must_use]
    pub fn tables(&self) -> &T {
        &self.tables
    }

    /// Runs a query that takes microseconds, on the caller's thread.
    pub fn read<R>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, ModelError> {
        self.database.read(query)
    }

    /// Runs a query of a client that may take long, beside the requests that do not; see [`Scans::run`].
    pub async fn scan<R: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, ModelError> {
        let database = self.database.clone();
        self.scans.run(move || database.read(query)).await
    }

    /// Runs one of the few long queries of the service itself; see [`Scans::own`].
    pub async fn own<R: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, ModelError> {
        let database = self.database.clone();
        self.scans.own(move || database.read(query)).await
    }
}

#[async_trait]
impl<T: Tables> ReadModel for Embedded<T> {
    type Change = T::Change;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.database.checkpoint()
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[T::Change],
        to: Position,
    ) -> Result<(), ModelError> {
        self.database.apply(from, to, |transaction| self.tables.write(transaction, changes))?;
        if !changes.is_empty() {
            self.tables.changed();
        }
        Ok(())
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.database.set_aside(event)
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, T::Change>,
        to: Position,
    ) -> Result<(), ModelError> {
        let write = |transaction: &Transaction<'_>| self.tables.write(transaction, up.changes);
        self.database.take_up(from, &up, to, write)?;
        self.tables.changed();
        Ok(())
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.database.aside()
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.database.built_from(first)
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.database.reset()?;
        self.tables.changed();
        Ok(())
    }

    fn engine(&self) -> &'static str {
        "SQLite"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        let database = self.database.clone();
        self.scans.own(move || database.dump()).await
    }

    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        self.scan(T::balances).await
    }

    fn database(&self) -> Option<&Database> {
        Some(&self.database)
    }
}
