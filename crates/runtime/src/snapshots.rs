//! Snapshots of long streams: disposable, so that loading them is fast. Those that wait are written together, in one transaction.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use kernel::{StreamId, Version, sync};
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::Semaphore;

use crate::{ModelError, Tasks, sqlite::Disposable, sqlite::Location, sqlite::Schema};

const SCHEMA: Schema = Schema {
    model: "snapshots",
    unmarked: &["snapshot"],
    number: 1,
    variant: 0,
    create: "CREATE TABLE IF NOT EXISTS snapshot (stream TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
};
/// A snapshot never replaces a newer one.
const KEEP: &str = "INSERT INTO snapshot VALUES (?1, ?2, ?3) ON CONFLICT (stream) DO UPDATE SET version = excluded.version, body = excluded.body WHERE excluded.version > version";
/// Snapshots waiting to be written; where the disk is slower than that, further ones are not kept.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// Written in one transaction, during which loading waits.
const WRITTEN_AT_ONCE: usize = 256;
/// Loaded at once: there is one connection, and a thread that waits for it does nothing else.
const LOADS_MAX: usize = 2;

/// A service's snapshots. Losing them changes speed, never answers, so every failure here is only logged.
#[derive(Clone, Debug)]
pub struct Snapshots(Option<Arc<Kept>>);

#[derive(Debug)]
struct Kept {
    database: Disposable,
    waiting: Mutex<Waiting>,
    loads: Semaphore,
}

type Bodies = BTreeMap<StreamId, (Version, Arc<str>)>;

/// What is not in the database yet.
#[derive(Debug, Default)]
struct Waiting {
    next: Bodies,
    next_bytes: usize,
    /// Being written.
    now: Arc<Bodies>,
    writing: bool,
}

impl Waiting {
    fn get(&self, stream: &StreamId) -> Option<(Version, Arc<str>)> {
        self.next.get(stream).or_else(|| self.now.get(stream)).cloned()
    }

    /// What is to be written next; nothing if that was all.
    fn turn(&mut self) -> Option<Arc<Bodies>> {
        let later = self.next.keys().nth(WRITTEN_AT_ONCE).cloned();
        let later = later.map(|first| self.next.split_off(&first)).unwrap_or_default();
        self.now = Arc::new(std::mem::replace(&mut self.next, later));
        self.next_bytes -= self.now.values().map(|(_, body)| body.len()).sum::<usize>();
        self.writing = !self.now.is_empty();
        self.writing.then(|| Arc::clone(&self.now))
    }
}

impl Snapshots {
    /// None at all, for aggregates whose streams stay short.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Opens the database at `location`, or makes it; one of ours that is damaged is set aside and made again.
    pub fn open(location: &Location) -> Result<Self, ModelError> {
        let database = Disposable::open(location.clone(), SCHEMA)?;
        let (waiting, loads) = (Mutex::default(), Semaphore::new(LOADS_MAX));
        Ok(Self(Some(Arc::new(Kept { database, waiting, loads }))))
    }

    pub(crate) async fn load(
        &self,
        tasks: &Tasks,
        stream: &StreamId,
    ) -> Option<(Version, Arc<str>)> {
        let kept = self.0.as_ref()?;
        if let Some(waiting) = sync::lock(&kept.waiting).get(stream) {
            return Some(waiting);
        }
        let _turn = kept.loads.acquire().await;
        let stream = stream.clone();
        let loaded = kept.with(tasks, move |connection| {
            let mut query = connection
                .prepare_cached("SELECT version, body FROM snapshot WHERE stream = ?1")?;
            query
                .query_row([stream.as_str()], |row| Ok((Version(row.get(0)?), row.get(1)?)))
                .optional()
        });
        loaded.await.flatten()
    }

    /// Has a snapshot written soon; until then it is loaded from memory.
    pub(crate) fn keep(&self, tasks: &Tasks, stream: StreamId, version: Version, body: String) {
        let Some(kept) = &self.0 else { return };
        let mut waiting = sync::lock(&kept.waiting);
        if waiting.next_bytes + body.len() > WAITING_BYTES_MAX {
            return;
        }
        waiting.next_bytes += body.len();
        if let Some((_, replaced)) = waiting.next.insert(stream, (version, body.into())) {
            waiting.next_bytes -= replaced.len();
        }
        if !waiting.writing {
            waiting.writing = true;
            tasks.spawn("snapshots", Arc::clone(kept).write(tasks.clone()));
        }
    }

    pub(crate) async fn forget(&self, tasks: &Tasks, stream: &StreamId) {
        let Some(kept) = &self.0 else { return };
        kept.drop_waiting(|of| of == stream);
        let stream = stream.clone();
        let forgotten = kept.with(tasks, move |connection| {
            connection.execute("DELETE FROM snapshot WHERE stream = ?1", [stream.as_str()])
        });
        forgotten.await;
    }

    /// Forgets all of them: they may be of another log.
    pub fn clear(&self) -> Result<(), ModelError> {
        let Some(kept) = &self.0 else { return Ok(()) };
        kept.drop_waiting(|_| true);
        kept.database.with(|connection| connection.execute("DELETE FROM snapshot", [])).map(drop)
    }
}

impl Kept {
    /// Writes what waits until nothing does.
    async fn write(self: Arc<Self>, tasks: Tasks) {
        loop {
            let Some(bodies) = sync::lock(&self.waiting).turn() else { return };
            let written = self.with(&tasks, move |connection| {
                let transaction = connection.unchecked_transaction()?;
                let mut keep = transaction.prepare_cached(KEEP)?;
                for (stream, (version, body)) in &*bodies {
                    keep.execute((stream.as_str(), version.0, &**body))?;
                }
                drop(keep);
                transaction.commit()
            });
            written.await;
        }
    }

    fn drop_waiting(&self, is_meant: impl Fn(&StreamId) -> bool) {
        let mut waiting = sync::lock(&self.waiting);
        waiting.next.retain(|stream, _| !is_meant(stream));
        waiting.next_bytes = waiting.next.values().map(|(_, body)| body.len()).sum();
        Arc::make_mut(&mut waiting.now).retain(|stream, _| !is_meant(stream));
    }

    /// Works with the database beside the tasks.
    async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        tasks: &Tasks,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Option<T> {
        let kept = Arc::clone(self);
        match tasks.blocking(move || kept.database.with(work)).await {
            Ok(result) => Some(result),
            Err(error) => {
                tracing::warn!(%error, "snapshots are not available; loading long streams takes longer");
                None
            }
        }
    }
}
