//! Commands to streams: each stream has one task that owns it, decides all waiting commands, and appends once for all of them.
//!
//! ```text
//!  execute ─┐                        ┌─ decide, decide, decide … on state in memory
//!  execute ─┼─▶ [queue of a stream] ─┤
//!  react ───┘                        └─ one append ─▶ recorded: answer all
//!                                                  └▶ conflict: read on, decide again
//! ```

mod decided;
mod loaded;
mod stream;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::{Clock, Decider, Ids, Metadata, Position, StreamId, Version, sync};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

pub use loaded::Loaded;
use stream::{Asked, StreamTask};

use crate::{Deps, EventStore, Tasks, Traces, client::PATIENCE, snapshots::Snapshots};

/// Commands queued for one stream; further callers wait. Several group commits' worth.
const WAITING_MAX: usize = 1024;

/// A [`Decider`] that can be stored as streams of one category.
pub trait Aggregate: Decider {
    /// The category of its streams.
    const CATEGORY: &'static str;
    /// The number of the snapshots' schema; snapshots of another number are ignored.
    const SNAPSHOT_SCHEMA: u32 = 0;

    /// Whether nothing more is expected of such a stream, so that it leaves memory at once; should something come, it is read again.
    fn is_over(_state: &Self::State) -> bool {
        false
    }

    /// The state as a snapshot; `None` for aggregates whose streams stay short.
    fn snapshot(_state: &Self::State) -> Option<Value> {
        None
    }

    /// The state of a snapshot, if it can be read.
    fn restore(_snapshot: Value) -> Option<Self::State> {
        None
    }
}

/// A command with its context.
#[derive(Clone, Debug)]
pub struct Request<C> {
    /// What is asked for.
    pub command: C,
    /// Goes into every event that the command leads to. With a cause, the command is a reaction: done once, and tried until it
    /// is done. With an idempotency key, it is a request that may be sent again.
    pub metadata: Metadata,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Its events are recorded.
    Recorded {
        /// The position of the last event.
        last: Position,
        /// The version of the last event.
        version: Version,
    },
    /// There was nothing to record.
    Nothing,
    /// A reaction to this cause is already recorded.
    AlreadyReacted,
    /// The same request was carried out before; its last event.
    Repeated {
        /// The position of its last event.
        last: Position,
        /// The version of its last event.
        version: Version,
    },
}

impl Done {
    /// The position that a reader must have passed to see the outcome.
    #[must_use]
    pub fn position(self) -> Option<Position> {
        match self {
            Self::Recorded { last, .. } | Self::Repeated { last, .. } => Some(last),
            Self::Nothing | Self::AlreadyReacted => None,
        }
    }
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExecuteError<R> {
    /// The aggregate's rules refuse it.
    #[error("rejected")]
    Rejected(R),
    /// The same idempotency key came with another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The event store does not answer; whether the command will be carried out is not known.
    #[error("the event store is not responding")]
    Unavailable,
    /// The event store will never record it.
    #[error("the event store refused: {0}")]
    Refused(String),
}

impl<R> ExecuteError<R> {
    /// The same error, with the rejection in other words.
    pub fn map<T>(self, rejected: impl FnOnce(R) -> T) -> ExecuteError<T> {
        match self {
            Self::Rejected(rejection) => ExecuteError::Rejected(rejected(rejection)),
            Self::KeyReused => ExecuteError::KeyReused,
            Self::Unavailable => ExecuteError::Unavailable,
            Self::Refused(reason) => ExecuteError::Refused(reason),
        }
    }
}

/// The way to all streams of one kind. Cheap to clone.
pub struct Aggregates<D: Aggregate>(Arc<Shared<D>>);

struct Shared<D: Aggregate> {
    store: EventStore,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    tasks: Tasks,
    traces: Traces,
    snapshots: Snapshots,
    /// Streams with a task.
    active: Mutex<BTreeMap<StreamId, mpsc::Sender<Asked<D>>>>,
}

impl<D: Aggregate> Clone for Aggregates<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Aggregate> fmt::Debug for Aggregates<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aggregates({})", D::CATEGORY)
    }
}

/// The answer to a submitted command, to be awaited.
pub type Answer<D> = oneshot::Receiver<Result<Done, ExecuteError<<D as Decider>::Rejection>>>;

impl<D: Aggregate> Aggregates<D> {
    /// All streams of the aggregate's category. No task runs and nothing is read until a command arrives.
    #[must_use]
    pub fn new(deps: &Deps, snapshots: Snapshots) -> Self {
        Self(Arc::new(Shared {
            store: deps.store(),
            clock: Arc::clone(&deps.clock),
            ids: Arc::clone(&deps.ids),
            tasks: deps.tasks.clone(),
            traces: deps.traces.clone(),
            snapshots,
            active: Mutex::default(),
        }))
    }

    /// Carries out a command for a caller that waits: an answer within 2 s, if only [`ExecuteError::Unavailable`].
    pub async fn execute(
        &self,
        stream: StreamId,
        request: Request<D::Command>,
    ) -> Result<Done, ExecuteError<D::Rejection>> {
        let exchange = async {
            let answer = self.submit(stream, request).await;
            answer.await.unwrap_or(Err(ExecuteError::Unavailable))
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(ExecuteError::Unavailable))
    }

    /// Puts a command into its stream's queue. Commands of one caller to one stream are decided in the order of these calls.
    pub async fn submit(&self, stream: StreamId, request: Request<D::Command>) -> Answer<D> {
        let (answer, receiver) = oneshot::channel();
        // A reaction is never given up; a caller stops waiting after a while.
        let expires = request.metadata.cause.is_none().then(|| self.0.clock.elapsed() + PATIENCE);
        let mut asked = Asked { request, expires, answer };
        loop {
            let queue = self.queue(&stream);
            match queue.send(asked).await {
                Ok(()) => return receiver,
                // The process stops: there will be no answer.
                Err(_) if self.0.tasks.is_stopping() => return receiver,
                // The stream's task had just gone idle.
                Err(mpsc::error::SendError(returned)) => asked = returned,
            }
        }
    }

    /// How many streams are in memory.
    #[must_use]
    pub fn active(&self) -> usize {
        sync::lock(&self.0.active).len()
    }

    fn queue(&self, stream: &StreamId) -> mpsc::Sender<Asked<D>> {
        let mut active = sync::lock(&self.0.active);
        if let Some(queue) = active.get(stream).filter(|queue| !queue.is_closed()) {
            return queue.clone();
        }
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        active.insert(stream.clone(), sender.clone());
        let task = StreamTask::new(Arc::clone(&self.0), stream.clone(), receiver);
        self.0.tasks.spawn("aggregate", task.run());
        sender
    }
}

impl<D: Aggregate> Shared<D> {
    /// How long a stream without commands stays.
    fn patience(&self) -> Duration {
        let active = sync::lock(&self.active).len();
        if active > MANY { IDLE_AMONG_MANY } else { IDLE }
    }

    /// Forgets an idle stream.
    fn retire(&self, stream: &StreamId) {
        let mut active = sync::lock(&self.active);
        if active.get(stream).is_some_and(mpsc::Sender::is_closed) {
            active.remove(stream);
        }
    }
}

/// How long a stream without commands stays in memory: loading a busy stream again costs a read each time.
const IDLE: Duration = Duration::from_secs(30);
/// The same while there are many: longer than a chain of reactions takes.
const IDLE_AMONG_MANY: Duration = Duration::from_secs(3);
/// So many streams are many, at some KiB each.
const MANY: usize = 4096;
