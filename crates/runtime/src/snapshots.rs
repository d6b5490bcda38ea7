//! Snapshots of long streams: disposable, so that loading them is fast.

use std::sync::Arc;

use kernel::{StreamId, Version};
use rusqlite::{Connection, OptionalExtension};

use crate::{ModelError, Tasks, sqlite::Disposable, sqlite::Location, sqlite::Schema};

const SCHEMA: Schema = Schema {
    model: "snapshots",
    unmarked: &["snapshot"],
    number: 1,
    variant: 0,
    create: "CREATE TABLE IF NOT EXISTS snapshot (stream TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
};

/// A service's snapshots. Losing them changes speed, never answers, so every failure here is only logged.
#[derive(Clone, Debug)]
pub struct Snapshots(Option<Arc<Disposable>>);

impl Snapshots {
    /// None at all, for aggregates whose streams stay short.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Opens the database at `location`, or makes it; one of ours that is damaged is set aside and made again.
    pub fn open(location: &Location) -> Result<Self, ModelError> {
        Ok(Self(Some(Arc::new(Disposable::open(location.clone(), SCHEMA)?))))
    }

    pub(crate) async fn load(&self, tasks: &Tasks, stream: &StreamId) -> Option<(Version, String)> {
        let stream = stream.clone();
        let loaded = self.with(tasks, move |connection| {
            let mut query = connection
                .prepare_cached("SELECT version, body FROM snapshot WHERE stream = ?1")?;
            query
                .query_row([stream.as_str()], |row| Ok((Version(row.get(0)?), row.get(1)?)))
                .optional()
        });
        loaded.await.flatten()
    }

    pub(crate) async fn save(
        &self,
        tasks: &Tasks,
        stream: &StreamId,
        version: Version,
        body: String,
    ) {
        let stream = stream.clone();
        let saved = self.with(tasks, move |connection| {
            let mut insert =
                connection.prepare_cached("INSERT OR REPLACE INTO snapshot VALUES (?1, ?2, ?3)")?;
            insert.execute((stream.as_str(), version.0, body))
        });
        saved.await;
    }

    pub(crate) async fn forget(&self, tasks: &Tasks, stream: &StreamId) {
        let stream = stream.clone();
        let forgotten = self.with(tasks, move |connection| {
            connection.execute("DELETE FROM snapshot WHERE stream = ?1", [stream.as_str()])
        });
        forgotten.await;
    }

    /// Forgets all of them: they may be of another log.
    pub fn clear(&self) -> Result<(), ModelError> {
        let Some(database) = &self.0 else { return Ok(()) };
        database.with(|connection| connection.execute("DELETE FROM snapshot", [])).map(drop)
    }

    /// Works with the database beside the tasks.
    async fn with<T: Send + 'static>(
        &self,
        tasks: &Tasks,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Option<T> {
        let database = Arc::clone(self.0.as_ref()?);
        match tasks.blocking(move || database.with(work)).await {
            Ok(result) => Some(result),
            Err(error) => {
                tracing::warn!(%error, "snapshots are not available; loading long streams takes longer");
                None
            }
        }
    }
}
