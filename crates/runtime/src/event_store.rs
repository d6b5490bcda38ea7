//! The event store as a service on the bus: takes all waiting appends, commits them as one group, answers, and broadcasts.

mod dating;
mod pace;
mod pages;
mod reads;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{Deps, Progress};
use kernel::{Position, Timestamp};
use store::{Append, Appended, Incoming, Message, Read, Requests};

use store::{port::Commit, port::Reader, port::StoreFailure, port::Writer};

use dating::{Dating, SKEW};
use pace::Pace;
use pages::Pages;

/// Appends committed as one group: what waits during a sync under any load we serve.
const GROUP_MAX: usize = 1024;
/// Events in one broadcast; a longer group is sent in several.
const BROADCAST_MAX: usize = 256;
/// How often the head is broadcast.
const HEAD_EVERY: Duration = Duration::from_secs(1);
/// The pause after a failed commit, and between probes until it works again.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);
/// Failures in a row, with their pauses at least 30 s, after which a store that is broken itself ends its process.
const BROKEN_MAX: u32 = 120;
/// The cause under which the progress reports that the head cannot be read.
const READING: &str = "reading";
/// The same for recording.
const RECORDING: &str = "recording";

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
    progress: OnceLock<Progress>,
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

    /// Whether the last commit failed, and nothing has shown since that the next one will not.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.0.failing.load(Ordering::Relaxed)
    }

    /// The store as a follower of its service: where its head is, and whether anything keeps it from its work.
    pub fn progress(&self, deps: &Deps) -> Progress {
        let clock = || Arc::clone(&deps.clock);
        self.0.progress.get_or_init(|| Progress::steady("log", clock())).clone()
    }
}

/// Serves the event store over the bus until the tasks have stopped that may still append and read.
pub async fn serve(
    deps: &Deps,
    writer: impl Writer,
    reader: impl Reader + Clone,
    figures: Figures,
) {
    let appends = deps.transport.serve_appends().await;
    let reads = deps.transport.serve_reads().await;
    let (tasks, progress) = (&deps.tasks, figures.progress(deps));
    let pages = Arc::new(Pages::new(deps.budget.pages()));
    let telling = tell_head(deps.clone(), reader.clone(), progress, Arc::clone(&pages));
    reads::serve(deps, reads, reader.clone(), &pages);
    let serving = Serving { deps: deps.clone(), figures, pages };
    let writing = serving.write(appends, writer, reader);
    tasks.spawn_blocking_until_last("event-store-writer", writing);
    tasks.spawn_until_last("event-store-head", telling);
}

/// What a serving event store is made of, beside its engine.
struct Serving {
    deps: Deps,
    figures: Figures,
    pages: Arc<Pages>,
}

impl Serving {
    async fn write(
        self,
        mut requests: Requests<Append, Appended>,
        writer: impl Writer,
        past: impl Reader,
    ) {
        let Self { deps, figures, pages } = self;
        // Published first: subscribers of another event store check whether this one has the events that they have seen.
        deps.transport.publish(Message::Head(Position::START)).await;
        let dating = dating(&deps, &past).await;
        let progress = figures.progress(&deps);
        let mut recorder = Recorder {
            progress,
            deps,
            writer,
            dating,
            figures,
            pages,
            pace: Pace::default(),
            broken: 0,
        };
        while recorder.broken < BROKEN_MAX {
            let group = tokio::select! {
                biased;
                group = requests.next_batch(GROUP_MAX) => group,
                () = tokio::time::sleep(FAILURE_PAUSE), if recorder.figures.is_failing() => {
                    let probed = recorder.writer.probe().await;
                    recorder.tried(probed.as_ref().err());
                    continue;
                }
            };
            if group.is_empty() {
                tracing::info!("another event store has taken over");
                return;
            }
            recorder.record(group).await;
        }
        recorder.deps.tasks.fail(
            "event-store",
            "the log could not be repaired after a failed write; see above, and check the disk",
        );
    }
}

/// Records groups, and knows whether that works.
struct Recorder<W> {
    deps: Deps,
    writer: W,
    dating: Dating,
    figures: Figures,
    progress: Progress,
    pages: Arc<Pages>,
    pace: Pace,
    /// Failures in a row of a store that is broken itself.
    broken: u32,
}

impl<W: Writer> Recorder<W> {
    // ANCHOR: record
    async fn record(&mut self, group: Vec<Incoming<Append, Appended>>) {
        let (appends, answers): (Vec<_>, Vec<_>) = group.into_iter().map(Incoming::split).unzip();
        let started = self.deps.clock.elapsed();
        match self.writer.commit(&appends, self.dating.now()).await {
            Ok(Commit { answers: said, recorded }) => {
                self.dating.recorded(recorded.last().map(|event| event.time));
                self.tried(None);
                self.count(appends.len(), recorded.len(), started);
                self.pages.recorded(&recorded);
                answers.into_iter().zip(said).for_each(|(answer, said)| answer(said));
                for batch in recorded.chunks(BROADCAST_MAX) {
                    self.deps.transport.publish(Message::Recorded(batch.into())).await;
                }
            }
            Err(failure) => {
                // None is answered: whether the group is recorded is not known. They ask again.
                self.tried(Some(&failure));
                tracing::debug!(%failure, appends = appends.len(), "the event store failed to record");
                drop(answers);
                tokio::time::sleep(FAILURE_PAUSE).await;
            }
        }
    }
    // ANCHOR_END: record

    /// Takes note of how a try to record, or a probe, went.
    fn tried(&mut self, failure: Option<&StoreFailure>) {
        self.figures.0.failing.store(failure.is_some(), Ordering::Relaxed);
        match failure {
            None => self.progress.recovered(RECORDING),
            Some(failure) => self.progress.failing(RECORDING, failure),
        }
        let broken = failure.is_some() && self.writer.is_broken();
        self.broken = if broken { self.broken + 1 } else { 0 };
    }

    fn count(&mut self, appends: usize, events: usize, started: Duration) {
        let took = self.deps.clock.elapsed().saturating_sub(started).as_micros();
        let took = u64::try_from(took).unwrap_or(u64::MAX);
        self.pace.took(self.deps.clock.elapsed(), Duration::from_micros(took), &self.progress);
        let figures = &self.figures.0;
        figures.groups.fetch_add(1, Ordering::Relaxed);
        figures.appends.fetch_add(appends as u64, Ordering::Relaxed);
        figures.events.fetch_add(events as u64, Ordering::Relaxed);
        figures.commit_micros.fetch_add(took, Ordering::Relaxed);
    }
}

/// Dates what comes behind what is recorded; where that cannot be read now, as behind nothing.
async fn dating(deps: &Deps, past: &impl Reader) -> Dating {
    let dated_ahead = past.position_at(deps.clock.now() + SKEW).await;
    Dating::new(
        Arc::clone(&deps.clock),
        last_time(past).await,
        dated_ahead.is_ok_and(|at| at.is_some()),
    )
}

/// The time of the last event; none in an empty log, or where it cannot be read now.
pub async fn last_time(past: &impl Reader) -> Option<Timestamp> {
    let from = past.head().await.ok()?;
    let page = past.read(&Read::All { from, categories: Vec::new() }).await.ok()?;
    page.events.last().map(|event| event.time)
}

async fn tell_head(deps: Deps, reader: impl Reader, progress: Progress, pages: Arc<Pages>) {
    loop {
        let known = pages.head();
        match reader.head().await {
            Ok(head) => {
                pages.ends_at(head, known);
                progress.recovered(READING);
                progress.followed(head);
                deps.transport.publish(Message::Head(head)).await;
            }
            Err(failure) => progress.failing(READING, failure),
        }
        tokio::time::sleep(HEAD_EVERY).await;
    }
}
