//! Drives a read model through the log: the change and the checkpoint in one transaction.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kernel::{Clock, Position, Recorded};
use thiserror::Error;
use tokio::sync::watch;

use crate::{EventStore, Subscription, Tasks};

/// The pause after a model failed to take a change.
const RETRY: Duration = Duration::from_millis(200);
/// More events at once than this are a busy log's.
const BUSY: usize = 8;
/// The pause between two transactions while the log is busy: more events share the next one, and nobody notices.
const BREATH: Duration = Duration::from_millis(1);

/// A read model as its projector and the operator's tools see it. Each service adds its queries in a trait of its own; every
/// engine that can hold the model implements both and passes the service's conformance suite.
#[async_trait]
pub trait ReadModel: Send + Sync + 'static {
    /// What can happen to the model.
    type Change: Send + Sync + 'static;

    /// The position up to which the model holds everything.
    async fn checkpoint(&self) -> Result<Position, ModelError>;

    /// Makes the changes, in order, and moves the checkpoint to `to`: together or not at all; or, where the engine has no
    /// transactions, each change idempotent by position and the checkpoint last.
    async fn apply(&self, changes: &[Self::Change], to: Position) -> Result<(), ModelError>;

    /// Empties the model, checkpoint included.
    async fn reset(&self) -> Result<(), ModelError>;

    /// Everything in the model as lines of text in a fixed order: what a rebuilt model is compared by.
    async fn dump(&self) -> Result<Vec<String>, ModelError>;
}

/// The engine behind a read model failed.
#[derive(Debug, Error)]
pub enum ModelError {
    #[error("the read model's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the read model's database failed: {0}")]
    Other(String),
}

/// How far a subscriber is, for those who wait for it and those who watch it. Cheap to clone.
#[derive(Clone)]
pub struct Progress(Arc<ProgressInner>);

struct ProgressInner {
    name: String,
    clock: Arc<dyn Clock>,
    position: watch::Sender<Position>,
    head: AtomicU64,
    /// When it was last caught up (µs), for the lag in seconds.
    caught_up_at: std::sync::atomic::AtomicI64,
    ready: watch::Sender<bool>,
    failures: AtomicU64,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({} at {})", self.0.name, self.position())
    }
}

impl Progress {
    #[must_use]
    pub fn new(name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().micros();
        Self(Arc::new(ProgressInner {
            name: name.into(),
            clock,
            position: watch::Sender::new(Position::START),
            head: AtomicU64::new(0),
            caught_up_at: now.into(),
            ready: watch::Sender::new(false),
            failures: AtomicU64::new(0),
        }))
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Everything up to here has been dealt with.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.0.position.borrow()
    }

    /// Whether it has caught up since the start.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.0.ready.borrow()
    }

    /// Times it failed and tried again.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// How far it is behind.
    #[must_use]
    pub fn lag(&self) -> bus::Lag {
        let events = self.0.head.load(Ordering::Relaxed).saturating_sub(self.position().0);
        let since = kernel::Timestamp::from_micros(self.0.caught_up_at.load(Ordering::Relaxed));
        let seconds = if events == 0 { 0.0 } else { self.0.clock.now().since(since).as_secs_f64() };
        bus::Lag { events, seconds }
    }

    /// Waits until everything up to `position` has been dealt with; the lag in events if that takes longer than `patience`.
    pub async fn wait_for(&self, position: Position, patience: Duration) -> Result<(), u64> {
        if self.position() >= position {
            return Ok(());
        }
        let mut positions = self.0.position.subscribe();
        let passed = positions.wait_for(|at| *at >= position);
        match tokio::time::timeout(patience, passed).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(position.0.saturating_sub(self.position().0)),
        }
    }

    /// Waits until it has caught up for the first time.
    pub async fn wait_ready(&self) {
        let mut ready = self.0.ready.subscribe();
        let _sender_is_here = ready.wait_for(|ready| *ready).await;
    }

    /// Hears of every new position.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Position> {
        self.0.position.subscribe()
    }

    pub(crate) fn moved(&self, position: Position, subscription: &Subscription) {
        self.0.head.fetch_max(subscription.head().0, Ordering::Relaxed);
        self.0.position.send_replace(position);
        if subscription.is_caught_up() {
            self.0.caught_up_at.store(self.0.clock.now().micros(), Ordering::Relaxed);
            self.0.ready.send_if_modified(|ready| !std::mem::replace(ready, true));
        }
    }

    pub(crate) fn failed(&self) {
        self.0.failures.fetch_add(1, Ordering::Relaxed);
    }
}

/// Takes `model` through the log until `tasks` stop, on a thread of its own. `project` says what an event changes; an event
/// that is nobody's business, or does not parse as its type, changes nothing.
pub fn spawn<M: ReadModel + ?Sized>(
    tasks: &Tasks,
    store: &EventStore,
    model: Arc<M>,
    project: fn(&Recorded) -> Option<M::Change>,
    progress: Progress,
) {
    let (store, stopping) = (store.clone(), tasks.clone());
    tasks.spawn_blocking("projector", async move {
        tokio::select! {
            biased;
            () = stopping.stopped() => {}
            () = run(&store, &*model, project, &progress) => {}
        }
    });
}

/// Takes the model through the log, for ever.
async fn run<M: ReadModel + ?Sized>(
    store: &EventStore,
    model: &M,
    project: fn(&Recorded) -> Option<M::Change>,
    progress: &Progress,
) {
    let checkpoint = open(store, model, progress).await;
    let mut subscription = Subscription::open(store, checkpoint).await;
    // Even an empty log makes ready.
    subscription.look().await;
    progress.moved(checkpoint, &subscription);
    loop {
        let events = subscription.next().await;
        let changes: Vec<M::Change> = events.iter().filter_map(|event| project(event)).collect();
        let checkpoint = subscription.position();
        while let Err(error) = model.apply(&changes, checkpoint).await {
            tracing::error!(projector = progress.name(), %error, "a read model did not take a change; trying again");
            progress.failed();
            tokio::time::sleep(RETRY).await;
        }
        progress.moved(checkpoint, &subscription);
        if events.len() > BUSY && subscription.is_caught_up() {
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// Where the model stands; one that is ahead of the log belongs to another log and is built anew.
async fn open<M: ReadModel + ?Sized>(
    store: &EventStore,
    model: &M,
    progress: &Progress,
) -> Position {
    let head = store.head().await;
    loop {
        let opened = match model.checkpoint().await {
            Ok(checkpoint) if checkpoint > head => {
                tracing::warn!(projector = progress.name(), %checkpoint, %head, "a read model is ahead of the log; rebuilding");
                model.reset().await.map(|()| Position::START)
            }
            other => other,
        };
        match opened {
            Ok(checkpoint) => return checkpoint,
            Err(error) => {
                tracing::error!(projector = progress.name(), %error, "a read model cannot be opened; trying again");
                progress.failed();
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
