//! One generation of an embedded read model: its tables in a database of their own.

use std::fmt;

use async_trait::async_trait;
use kernel::Position;
use rusqlite::{Connection, Transaction};
use store::Balance;
use uuid::Uuid;

use super::{Database, embedded::Tables};
use crate::{ModelError, ReadModel, Scans, SetAside, model::TakenUp};

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

    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        self.scan(T::balances).await
    }

    fn database(&self) -> Option<Database> {
        Some(self.database.clone())
    }
}
