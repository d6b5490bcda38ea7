//! The event store as seen from a service: over the bus, with retries.

use std::{
    convert::Infallible,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kernel::{Position, Recorded, StreamId, Version};
use store::{Append, Appended, NoReply, Page, Read, Transport};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::Tasks;

/// How long the first try waits for its answer; doubled for each that follows up to [`TRY_MAX`]. A store that is slower than
/// that would otherwise be asked the same again and again, which makes it slower still.
const TRY: Duration = Duration::from_secs(1);
const TRY_MAX: Duration = Duration::from_secs(8);
/// The pause after the first try without an answer; doubled up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Tries without an answer after which the store is reported as unavailable.
const REPORTED_AFTER: u32 = 2;
/// Reads of a kind on their way at once; the others wait their turn, and their time to be answered has not begun. Asked all together, a
/// store that is slow for a while would answer each after its questioner had asked again.
const READS_MAX: usize = 64;
/// Longest wait of the sender of an HTTP request.
pub const PATIENCE: Duration = Duration::from_millis(1800);

/// A client of the event store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventStore {
    transport: Arc<dyn Transport>,
    /// What cannot continue once the log is another one.
    tasks: Option<Tasks>,
    /// Turns for reads of what is recorded, and for questions whether anything was recorded since: those seldom find anything, are
    /// then answered from memory, and must not wait behind the others.
    loads: Arc<Semaphore>,
    news: Arc<Semaphore>,
    /// It has been reported that the store does not answer, and nothing has been answered since.
    is_silent: Arc<AtomicBool>,
}

/// What a read is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// To learn what is recorded.
    Loads,
    /// To learn whether anything was recorded since.
    News,
}

impl EventStore {
    /// A client over this bus.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        let turns = || Arc::new(Semaphore::new(READS_MAX));
        Self { transport, tasks: None, loads: turns(), news: turns(), is_silent: Arc::default() }
    }

    /// Ends `tasks` when a subscription finds that the log no longer has what it has handed over.
    #[must_use]
    pub fn within(self, tasks: Tasks) -> Self {
        Self { is_silent: tasks.store_is_silent(), tasks: Some(tasks), ..self }
    }

    /// The log is not the one that this process has followed: logs that once, and ends the process. Its start decides what is to be
    /// done about it.
    pub(crate) async fn lost(&self, reason: impl fmt::Display) -> Infallible {
        match &self.tasks {
            Some(tasks) if tasks.failed() => {}
            Some(tasks) => tasks.fail("log", reason),
            None => tracing::error!(%reason, "a subscription cannot continue"),
        }
        std::future::pending().await
    }

    /// Sends the same append until it is answered. Repeating it is safe: it is recorded once.
    pub async fn append(&self, append: Append) -> Appended {
        let mut pause = Pause::default();
        loop {
            match self.transport.append(append.clone(), pause.patience()).await {
                Ok(answer) => {
                    self.answers();
                    return answer;
                }
                Err(error) => {
                    self.fails(&pause, error, "append");
                    pause.next().await;
                }
            }
        }
    }

    /// Reads a page, asking until it is answered.
    pub async fn read(&self, read: Read) -> Page {
        self.read_among(Reads::Loads, read).await
    }

    pub(crate) async fn read_among(&self, reads: Reads, read: Read) -> Page {
        let turns = match reads {
            Reads::Loads => &self.loads,
            Reads::News => &self.news,
        };
        let mut pause = Pause::default();
        loop {
            let turn = turns.acquire().await;
            let answer = self.transport.read(read.clone(), pause.patience()).await;
            drop(turn);
            match answer {
                Ok(page) => {
                    self.answers();
                    return page;
                }
                Err(error) => {
                    self.fails(&pause, error, "read");
                    pause.next().await;
                }
            }
        }
    }

    /// Reads a page for a waiting caller: gives up after [`PATIENCE`].
    pub async fn read_soon(&self, read: Read) -> Result<Page, NoReply> {
        tokio::time::timeout(PATIENCE, self.read(read)).await.map_err(|_| NoReply::TimedOut)
    }

    /// A whole stream up to its end or to `until`, for a waiting caller.
    pub async fn read_stream(
        &self,
        stream: &StreamId,
        until: Option<Position>,
    ) -> Result<Vec<Arc<Recorded>>, NoReply> {
        let mut events: Vec<Arc<Recorded>> = Vec::new();
        loop {
            let from = events.last().map_or(Version(0), |last| last.version.next());
            let page = self.read_soon(Read::Stream { stream: stream.clone(), from }).await?;
            let end = page.end || page.events.is_empty();
            events.extend(page.events);
            let passed =
                until.is_some_and(|until| events.last().is_some_and(|last| last.position > until));
            if end || passed {
                events.retain(|event| until.is_none_or(|until| event.position <= until));
                return Ok(events);
            }
        }
    }

    /// A stream's last event.
    pub async fn last(&self, stream: &StreamId) -> Option<Arc<Recorded>> {
        self.read(Read::Last { stream: stream.clone() }).await.events.pop()
    }

    /// The id of the event that begins the log; none while it is empty.
    pub async fn first(&self) -> Option<Uuid> {
        let page = self.read(Read::All { from: Position(1), categories: Vec::new() }).await;
        page.events.first().map(|event| event.id.0)
    }

    /// The last position of the log.
    pub async fn head(&self) -> Position {
        self.read(Read::All { from: Position(u64::MAX), categories: Vec::new() }).await.head
    }

    /// A request was not answered. Logged when it takes long, once for all requests until one is answered again.
    fn fails(&self, pause: &Pause, error: NoReply, request: &'static str) {
        if pause.0 >= REPORTED_AFTER && !self.is_silent.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, request, "event store not responding; retrying");
        }
    }

    fn answers(&self) {
        // A load is cheaper than a swap, and this runs on every request.
        if self.is_silent.load(Ordering::Relaxed) && self.is_silent.swap(false, Ordering::Relaxed) {
            tracing::info!("event store responding again");
        }
    }

    /// The transport beneath.
    #[must_use]
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }
}

/// Growing pauses between retries.
#[derive(Debug, Default)]
pub(crate) struct Pause(u32);

impl Pause {
    /// How long the next try waits.
    fn patience(&self) -> Duration {
        TRY.saturating_mul(1 << self.0.min(10)).min(TRY_MAX)
    }

    async fn next(&mut self) {
        let pause = PAUSE.saturating_mul(1 << self.0.min(10)).min(PAUSE_MAX);
        self.0 += 1;
        tokio::time::sleep(pause).await;
    }
}
