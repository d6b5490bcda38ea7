//! A read model in SQLite but for its tables: the generations of its database, turns for long queries, and the engine's part of
//! [`ReadModel`].

use std::sync::{Arc, Mutex, RwLock};

use async_trait::async_trait;
use kernel::{Position, sync};
use rusqlite::Connection;
use store::Balance;
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    Database, Location, Schema,
    generation::{Generation, Tables},
    held,
    record::Record,
};
use crate::{
    ModelError, ReadModel, Scans, SetAside, Tasks,
    model::{Compared, Generations, TakenUp},
};

/// A read model in a database of its own. A service adds its queries.
#[derive(Debug)]
pub struct Embedded<T> {
    /// Where the first generation is, and the others beside it.
    pub(super) location: Location,
    pub(super) schema: Schema,
    /// Older numbers of the schema that serve as well.
    pub(super) serves: Vec<u32>,
    pub(super) serving: RwLock<Arc<Generation<T>>>,
    /// The one beside it, once it was opened.
    pub(super) beside: Mutex<Option<Arc<Generation<T>>>>,
    pub(super) record: Mutex<Record>,
    pub(super) number: watch::Sender<u32>,
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) decided: Mutex<Decided>,
}

/// What is known and wished of the generation beside the one that serves, until the process ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Decided {
    pub(super) wished: Option<u32>,
    pub(super) compared: Option<(u32, Compared)>,
}

impl<T: Tables> Embedded<T> {
    /// Opens the model at `location`, empty if there is none that can be used; see [`Database::open`].
    pub fn open(tables: T, location: Location, tasks: Tasks) -> Result<Arc<Self>, ModelError> {
        let (schema, serves) =
            held::as_installed(&location, tables.schema(), tables.serves().to_vec());
        let record = Record::of(&location, schema)?;
        let number = record.current;
        let database = Database::open_serving(location.generation(number), schema, serves.clone())?;
        database.index(tables.indexes())?;
        let serving = Generation { number, tables, database, scans: Scans::new(tasks) };
        Ok(Arc::new(Self {
            location,
            schema,
            serves,
            serving: RwLock::new(Arc::new(serving)),
            beside: Mutex::default(),
            record: Mutex::new(record),
            number: watch::Sender::new(number),
            turn: tokio::sync::Mutex::default(),
            decided: Mutex::default(),
        }))
    }

    /// Runs a query that takes microseconds, on the caller's thread.
    pub fn read<R>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, ModelError> {
        self.serving().database.read(query)
    }

    /// Runs a query of a client that may take long, beside the requests that do not; see [`Scans::run`].
    pub async fn scan<R: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, ModelError> {
        self.serving().scan(query).await
    }

    /// The same for a query that needs what the tables keep in memory beside these rows.
    pub async fn scan_with<R: Send + 'static>(
        &self,
        query: impl FnOnce(&T, &Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, ModelError> {
        let serving = self.serving();
        let scans = serving.scans.clone();
        scans
            .run(move || serving.database.read(|connection| query(&serving.tables, connection)))
            .await
    }

    /// Runs one of the few long queries of the service itself; see [`Scans::own`].
    pub async fn own<R: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, ModelError> {
        let serving = self.serving();
        let scans = serving.scans.clone();
        scans.own(move || serving.database.read(query)).await
    }
}

impl<T> Embedded<T> {
    /// Looks at the tables that serve now, with what is kept beside their rows.
    pub fn with_tables<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.serving().tables)
    }

    /// The generation that serves now. Who has one can read it to the end, whatever serves meanwhile.
    pub(super) fn serving(&self) -> Arc<Generation<T>> {
        Arc::clone(&sync::read(&self.serving))
    }
}

#[async_trait]
impl<T: Tables> ReadModel for Embedded<T> {
    type Change = T::Change;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.serving().checkpoint().await
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[T::Change],
        to: Position,
    ) -> Result<(), ModelError> {
        self.serving().apply(from, changes, to).await
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.serving().set_aside(event).await
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, T::Change>,
        to: Position,
    ) -> Result<(), ModelError> {
        self.serving().take_up(from, up, to).await
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.serving().aside().await
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.serving().built_from(first).await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        // It may be wrong in the same way.
        if let Some(other) = self.other() {
            self.drop_other(other.number).await?;
        }
        self.serving().reset().await
    }

    fn engine(&self) -> &'static str {
        "SQLite"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.serving().dump().await
    }

    async fn dump_at(&self) -> Result<(Position, Vec<String>), ModelError> {
        self.serving().dump_at().await
    }

    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        self.serving().balances().await
    }

    fn database(&self) -> Option<Database> {
        self.serving().database()
    }

    fn generations(&self) -> Option<&dyn Generations<T::Change>> {
        Some(self)
    }
}
