//! An event store in memory whose reads are counted, and wait where a test wants it.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use eventlog::{Options, simdisk::SimDisk};
use kernel::{Position, Timestamp};
use runtime::{Deps, Tasks, event_store, event_store::Figures};
use store::{LogStore, Page, Read, Reader, StoreFailure, log::LogReader};
use tokio::sync::Semaphore;

/// What the engine was asked.
#[derive(Default)]
pub(crate) struct Asked {
    /// Pages of the log.
    pub(crate) pages: AtomicUsize,
    /// The number of events in each answer about a stream.
    pub(crate) streams: Mutex<Vec<usize>>,
}

/// Reads that wait.
pub(crate) struct Gates {
    holds_log: AtomicBool,
    holds_streams: AtomicBool,
    forgets: AtomicBool,
    open: Semaphore,
}

/// A reader of the own log, watched.
#[derive(Clone)]
pub(crate) struct Watched {
    log: Arc<Mutex<LogReader>>,
    pub(crate) asked: Arc<Asked>,
    pub(crate) gates: Arc<Gates>,
}

impl Watched {
    /// Lets reads of the log and of streams wait until they are released.
    pub(crate) fn hold(&self, log: bool, streams: bool) {
        self.gates.holds_log.store(log, Ordering::Relaxed);
        self.gates.holds_streams.store(streams, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        self.hold(false, false);
        self.gates.open.add_permits(1000);
    }

    /// The log is put back to an earlier state, or another one is put in its place.
    pub(crate) fn replace(&self, log: &LogReader) {
        self.log.lock().expect("whole").clone_from(log);
    }

    /// The log as it is now.
    pub(crate) fn log(&self) -> LogReader {
        self.log.lock().expect("whole").clone()
    }

    /// Answers nothing from memory any more, as an engine on a server.
    pub(crate) fn forget(&self) {
        self.gates.forgets.store(true, Ordering::Relaxed);
    }

    pub(crate) fn pages(&self) -> usize {
        self.asked.pages.load(Ordering::Relaxed)
    }

    /// The answers about streams since the last call.
    pub(crate) fn stream_reads(&self) -> Vec<usize> {
        std::mem::take(&mut *self.asked.streams.lock().expect("whole"))
    }

    async fn wait(&self, holds: &AtomicBool) {
        if holds.load(Ordering::Relaxed) {
            self.gates.open.acquire().await.expect("it is never closed").forget();
        }
    }
}

#[async_trait]
impl Reader for Watched {
    async fn read(&self, read: &Read) -> Result<Page, StoreFailure> {
        if matches!(read, Read::All { .. }) {
            self.asked.pages.fetch_add(1, Ordering::Relaxed);
            self.wait(&self.gates.holds_log).await;
            return self.log().read(read).await;
        }
        self.wait(&self.gates.holds_streams).await;
        let page = self.log().read(read).await?;
        self.asked.streams.lock().expect("whole").push(page.events.len());
        Ok(page)
    }

    fn recall(&self, read: &Read) -> Option<Page> {
        if self.gates.forgets.load(Ordering::Relaxed) { None } else { self.log().recall(read) }
    }

    async fn head(&self) -> Result<Position, StoreFailure> {
        self.log().head().await
    }

    async fn position_at(&self, time: Timestamp) -> Result<Option<Position>, StoreFailure> {
        self.log().position_at(time).await
    }
}

/// Serves the log on `disk` with tasks of its own, until those are killed.
pub(crate) async fn serve(deps: &Deps, disk: &Arc<SimDisk>) -> (Watched, Tasks) {
    let options = Options { segment_bytes: 1 << 20, ..Options::new([7; 16]) };
    let files = Arc::<SimDisk>::clone(disk);
    let LogStore { writer, reader, .. } =
        LogStore::open(Path::new("log"), files, options).expect("the log opens");
    let open = Semaphore::new(0);
    let (holds_log, holds_streams, forgets) = (false.into(), false.into(), false.into());
    let gates = Gates { holds_log, holds_streams, forgets, open };
    let watched = Watched {
        log: Arc::new(Mutex::new(reader)),
        asked: Arc::default(),
        gates: Arc::new(gates),
    };
    let own = Deps { tasks: Tasks::inline(), ..deps.clone() };
    event_store::serve(&own, writer, watched.clone(), Figures::default()).await;
    (watched, own.tasks)
}
