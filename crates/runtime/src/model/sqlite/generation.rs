//! One generation of an embedded read model: its tables, and the database that they are in.

use std::fmt;

use async_trait::async_trait;
use kernel::Position;
use rusqlite::{Connection, Transaction};
use store::Balance;
use uuid::Uuid;

use super::{Database, Schema};
use crate::{ModelError, ReadModel, Scans, SetAside, model::TakenUp};

/// The tables of an embedded read model, and how its changes are written to them.
pub trait Tables: Send + Sync + Sized + 'static {
    /// What can happen to the model.
    type Change: Send + Sync + 'static;

    /// The tables as they are created.
    fn schema(&self) -> Schema;

    /// The same for another generation of the model, with nothing of what is kept in memory beside the rows of this one.
    #[must_use]
    fn another(&self) -> Self;

    /// Older numbers of the schema whose tables serve all the same: what is here writes and reads them too. A start with such a model
    /// serves it at once and builds the new one beside it; any other older model is emptied, and serves once it is built again.
    fn serves(&self) -> &'static [u32] {
        &[]
    }

    /// SQL for indexes that only readers need, `CREATE INDEX IF NOT EXISTS …; …`: a model that is rebuilt beside the one that serves gets
    /// them last.
    fn indexes(&self) -> &'static str {
        ""
    }

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

    /// Called before these tables are to serve: what takes long, such as an index in memory, is better read now than by the first reader.
    fn warm(&self, _connection: &Connection) -> rusqlite::Result<()> {
        Ok(())
    }

    /// Called when these tables begin to serve in the place of `before`.
    fn take_over(&self, _before: &Self) {}
}

/// A database with the tables of a model.
pub(super) struct Generation<T> {
    pub(super) number: u32,
    pub(super) tables: T,
    pub(super) database: Database,
    pub(super) scans: Scans,
}

impl<T> fmt::Debug for Generation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Generation({} in {:?})", self.number, self.database)
    }
}

impl<T: Tables> Generation<T> {
    /// Runs a query of a client that may take long; see [`Scans::run`].
    pub(super) async fn scan<R: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, ModelError> {
        let database = self.database.clone();
        self.scans.run(move || database.read(query)).await
    }
}

#[async_trait]
impl<T: Tables> ReadModel for Generation<T> {
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

    async fn dump_at(&self) -> Result<(Position, Vec<String>), ModelError> {
        let database = self.database.clone();
        self.scans.own(move || database.dump_at()).await
    }

    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        self.scan(T::balances).await
    }

    fn database(&self) -> Option<Database> {
        Some(self.database.clone())
    }
}
