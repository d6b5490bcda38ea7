//! The service: takes whatever waits, commits it as one group, answers, and tells everybody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bus::{Append, Appended, Incoming, Message, Page, Read, Requests};
use chassis::Deps;
use futures_util::{StreamExt as _, stream};
use kernel::Timestamp;

use crate::{
    dating::Dating,
    port::{Commit, Reader, Writer},
};

/// Appends committed as one group: what waits during a sync under any load we serve.
const GROUP_MAX: usize = 1024;
/// Events told in one broadcast; a longer group is told in several.
const BROADCAST_MAX: usize = 256;
/// Reads taken at once.
const READS_MAX: usize = 64;
/// Reads on their way to the engine at once.
const READS_AT_ONCE: usize = 8;
/// How often the head is said.
const HEAD_EVERY: Duration = Duration::from_secs(1);
/// The pause after a failed commit.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);

/// What the event store counts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Figures(Arc<FiguresInner>);

#[derive(Debug, Default)]
struct FiguresInner {
    groups: AtomicU64,
    appends: AtomicU64,
    events: AtomicU64,
    commit_micros: AtomicU64,
    failing: AtomicBool,
}

impl Figures {
    /// Groups committed, each with one sync.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.0.groups.load(Ordering::Relaxed)
    }

    /// Appends answered.
    #[must_use]
    pub fn appends(&self) -> u64 {
        self.0.appends.load(Ordering::Relaxed)
    }

    /// Events recorded.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.events.load(Ordering::Relaxed)
    }

    /// Time spent in commits, write and sync included, in microseconds.
    #[must_use]
    pub fn commit_micros(&self) -> u64 {
        self.0.commit_micros.load(Ordering::Relaxed)
    }

    /// Whether the last commit failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.0.failing.load(Ordering::Relaxed)
    }
}

/// Serves the event store over the bus until the tasks stop.
pub async fn serve(
    deps: &Deps,
    writer: impl Writer,
    reader: impl Reader + Clone,
    figures: Figures,
) {
    let appends = deps.transport.serve_appends().await;
    let reads = deps.transport.serve_reads().await;
    let tasks = deps.tasks.clone();
    let (writing, reading, telling) = (deps.clone(), tasks.clone(), deps.clone());
    let (head, past) = (reader.clone(), reader.clone());
    tasks.spawn_blocking("event-store-writer", async move {
        let stopping = writing.tasks.clone();
        tokio::select! {
            biased;
            () = stopping.stopped() => {}
            () = write(writing, appends, (writer, past), figures) => {}
        }
    });
    tasks.spawn_blocking("event-store-reader", async move {
        tokio::select! {
            biased;
            () = reading.stopped() => {}
            () = read(reads, reader) => {}
        }
    });
    tasks.spawn("event-store-head", async move {
        tokio::select! {
            biased;
            () = telling.tasks.stopped() => {}
            () = tell_head(&telling, head) => {}
        }
    });
}

async fn write(
    deps: Deps,
    mut requests: Requests<Append, Appended>,
    (mut writer, past): (impl Writer, impl Reader),
    figures: Figures,
) {
    let mut dating = Dating::new(Arc::clone(&deps.clock), last_time(&past).await);
    loop {
        let group = requests.next_batch(GROUP_MAX).await;
        if group.is_empty() {
            tracing::info!("another event store has taken over");
            return;
        }
        let (appends, answers): (Vec<_>, Vec<_>) = group.into_iter().map(Incoming::split).unzip();
        let started = deps.clock.elapsed();
        match writer.commit(&appends, dating.now()).await {
            Ok(Commit { answers: said, recorded }) => {
                let took = deps.clock.elapsed().saturating_sub(started).as_micros();
                dating.recorded(recorded.last().map(|event| event.time));
                figures.0.failing.store(false, Ordering::Relaxed);
                figures.0.groups.fetch_add(1, Ordering::Relaxed);
                figures.0.appends.fetch_add(appends.len() as u64, Ordering::Relaxed);
                figures.0.events.fetch_add(recorded.len() as u64, Ordering::Relaxed);
                figures
                    .0
                    .commit_micros
                    .fetch_add(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
                answers.into_iter().zip(said).for_each(|(answer, said)| answer(said));
                for batch in recorded.chunks(BROADCAST_MAX) {
                    deps.transport.publish(Message::Recorded(batch.into())).await;
                }
            }
            Err(failure) => {
                // Nobody is answered: whether the group is recorded is not known. They ask again.
                figures.0.failing.store(true, Ordering::Relaxed);
                tracing::error!(%failure, appends = appends.len(), "the event store did not record");
                drop(answers);
                tokio::time::sleep(FAILURE_PAUSE).await;
            }
        }
    }
}

/// The time of the last event; none in an empty log, or where it cannot be read now.
async fn last_time(past: &impl Reader) -> Option<Timestamp> {
    let from = past.head().await.ok()?;
    let page = past.read(&Read::All { from, categories: Vec::new() }).await.ok()?;
    page.events.last().map(|event| event.time)
}

async fn read(mut requests: Requests<Read, Page>, reader: impl Reader) {
    loop {
        let batch = requests.next_batch(READS_MAX).await;
        if batch.is_empty() {
            return;
        }
        // An engine on a server is asked for several pages at once; the own log answers one after the other anyway.
        let read =
            async |incoming: Incoming<Read, Page>| match reader.read(&incoming.question).await {
                Ok(page) => incoming.answer(page),
                Err(failure) => tracing::error!(%failure, "the event store cannot read"),
            };
        stream::iter(batch).for_each_concurrent(READS_AT_ONCE, read).await;
    }
}

async fn tell_head(deps: &Deps, reader: impl Reader) {
    loop {
        match reader.head().await {
            Ok(head) => deps.transport.publish(Message::Head(head)).await,
            Err(failure) => tracing::warn!(%failure, "the head is not known"),
        }
        tokio::time::sleep(HEAD_EVERY).await;
    }
}
