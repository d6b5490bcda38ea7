//! Snapshots of long streams: disposable, so that loading them is fast.

use std::sync::{Arc, Mutex, PoisonError};

use kernel::{StreamId, Version};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    ModelError,
    sqlite::{self, Location},
};

/// A service's snapshots. Losing them changes speed, never answers, so every failure here is only logged.
#[derive(Clone, Debug)]
pub struct Snapshots(Arc<Mutex<Connection>>);

impl Snapshots {
    pub fn open(location: &Location) -> Result<Self, ModelError> {
        let connection = sqlite::open_disposable(location)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS snapshot (stream TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL)
             WITHOUT ROWID",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(crate) fn load(&self, stream: &StreamId) -> Option<(Version, String)> {
        self.with(|connection| {
            let mut query = connection
                .prepare_cached("SELECT version, body FROM snapshot WHERE stream = ?1")?;
            query
                .query_row([stream.as_str()], |row| Ok((Version(row.get(0)?), row.get(1)?)))
                .optional()
        })
        .flatten()
    }

    pub(crate) fn save(&self, stream: &StreamId, version: Version, body: &str) {
        self.with(|connection| {
            let mut insert =
                connection.prepare_cached("INSERT OR REPLACE INTO snapshot VALUES (?1, ?2, ?3)")?;
            insert.execute((stream.as_str(), version.0, body))
        });
    }

    pub(crate) fn forget(&self, stream: &StreamId) {
        self.with(|connection| {
            connection.execute("DELETE FROM snapshot WHERE stream = ?1", [stream.as_str()])
        });
    }

    /// Forgets all of them: they may be of another log.
    pub fn clear(&self) -> Result<(), ModelError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute("DELETE FROM snapshot", [])?;
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Option<T> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match work(&connection) {
            Ok(result) => Some(result),
            Err(error) => {
                tracing::warn!(%error, "snapshots do not work; loading long streams takes longer");
                None
            }
        }
    }
}
