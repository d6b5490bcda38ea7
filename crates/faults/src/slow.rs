//! Parts that are slow for a while: an event store and services that take their time over each event, so that there is a load that
//! they cannot keep up with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kernel::Timestamp;
use store::{
    Append, Appended, Commit, Link, Message, NoReply, Page, Read, Receiver, Requests, StoreFailure,
    Topic, Transport, Writer,
};
use tokio::sync::Mutex;

/// How long a part takes over each event; nothing unless it is set. Clones are of the same part.
#[derive(Clone, Debug, Default)]
pub struct Slowness(Arc<AtomicU64>);

impl Slowness {
    /// Lets it take so long over each event.
    pub fn set(&self, per_event: Duration) {
        let micros = u64::try_from(per_event.as_micros()).unwrap_or(u64::MAX);
        self.0.store(micros, Ordering::Relaxed);
    }

    /// Lets it be as fast as it can.
    pub fn end(&self) {
        self.set(Duration::ZERO);
    }

    /// How long it takes over each event.
    #[must_use]
    pub fn per_event(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    /// Passes the time that so many events take. Its end is noticed at once, however many there are.
    async fn take(&self, events: usize) {
        for _ in 0..events {
            if self.per_event().is_zero() {
                return;
            }
            tokio::time::sleep(self.per_event()).await;
        }
    }
}

/// An event store whose appends take long.
pub struct SlowWriter<W> {
    /// The store's own.
    pub writer: W,
    /// How slow the store is.
    pub slowness: Slowness,
}

#[async_trait]
impl<W: Writer> Writer for SlowWriter<W> {
    async fn commit(&mut self, appends: &[Append], now: Timestamp) -> Result<Commit, StoreFailure> {
        let commit = self.writer.commit(appends, now).await?;
        self.slowness.take(commit.recorded.len()).await;
        Ok(commit)
    }

    async fn probe(&mut self) -> Result<(), StoreFailure> {
        self.writer.probe().await
    }

    fn is_broken(&self) -> bool {
        self.writer.is_broken()
    }
}

/// The bus as one instance uses it. While the instance is slow, its appends and reads wait for one another.
pub struct SlowBus {
    bus: Arc<dyn Transport>,
    slowness: Slowness,
    turn: Mutex<()>,
}

impl SlowBus {
    /// The bus of a part that is as slow as `slowness` says.
    #[must_use]
    pub fn new(bus: Arc<dyn Transport>, slowness: Slowness) -> Self {
        Self { bus, slowness, turn: Mutex::default() }
    }

    /// Passes the time that the instance takes over so many events.
    async fn work(&self, events: usize, timeout: Duration) -> Result<(), NoReply> {
        if self.slowness.per_event().is_zero() {
            return Ok(());
        }
        let work = async {
            let _turn = self.turn.lock().await;
            self.slowness.take(events).await;
        };
        tokio::time::timeout(timeout, work).await.map_err(|_| NoReply::TimedOut)
    }
}

#[async_trait]
impl Transport for SlowBus {
    async fn subscribe(&self, topic: Topic) -> Receiver {
        self.bus.subscribe(topic).await
    }

    async fn publish(&self, message: Message) {
        self.bus.publish(message).await;
    }

    async fn append(&self, append: Append, timeout: Duration) -> Result<Appended, NoReply> {
        self.work(append.events.len(), timeout).await?;
        self.bus.append(append, timeout).await
    }

    async fn read(&self, read: Read, timeout: Duration) -> Result<Page, NoReply> {
        self.work(1, timeout).await?;
        self.bus.read(read, timeout).await
    }

    async fn serve_appends(&self) -> Requests<Append, Appended> {
        self.bus.serve_appends().await
    }

    async fn serve_reads(&self) -> Requests<Read, Page> {
        self.bus.serve_reads().await
    }

    fn link(&self) -> Link {
        self.bus.link()
    }
}
