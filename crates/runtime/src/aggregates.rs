//! Commands to streams: while commands wait for a stream, one task serves it: decides all of them, and appends once for all.
//!
//! ```text
//!  execute ─┐                        ┌─ decide, decide, decide … on state in memory
//!  execute ─┼─▶ [queue of a stream] ─┤
//!  react ───┘                        └─ one append ─▶ recorded: answer all
//!                                                  └▶ conflict: read on, decide again
//!                  no command waits: the stream rests, as plain state in memory
//!                  no memory left ([`Budget`](crate::Budget)): the longest unused leaves, and leaves a snapshot
//! ```

mod decided;
mod loaded;
mod stream;
mod streams;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use kernel::{Clock, Decider, Ids, Metadata, Position, StreamId, Timestamp, Version, sync};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub use loaded::Loaded;
use stream::Serving;
use streams::{Resident, Streams, Takes};

use crate::{
    Budget, Deps, EventStore, Schemas, Tasks, Traces, budget::AtRest, client::PATIENCE,
    snapshots::Snapshots,
};

/// Commands waiting for the streams of one kind; further callers wait. More than the connections of a process and a reactor's
/// reactions together, so that those to one stream keep no other waiting.
const WAITING_MAX: usize = 8192;
/// A stream that leaves memory leaves a snapshot if reading it again would take more events than this.
const TAIL: u64 = 4;

/// A [`Decider`] that can be stored as streams of one category.
pub trait Aggregate: Decider {
    /// The category of its streams.
    const CATEGORY: &'static str;
    /// The number of the snapshots' schema; snapshots of another number are ignored. 0 means that there are none.
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

    /// The bytes that a state takes in memory beside its own size: its texts and collections, roughly. `None` if that is to be taken
    /// from the size of its snapshot and events, which is too much where events replace what earlier ones said.
    fn heap_bytes(_state: &Self::State) -> Option<usize> {
        None
    }
}

/// A command with its context.
#[derive(Clone, Debug)]
pub struct CommandRequest<C> {
    /// What is asked for.
    pub command: C,
    /// Goes into every event that the command leads to. With a cause, the command is a reaction: done once, and tried until it
    /// is done. With an idempotency key, it is a request that may be sent again.
    pub metadata: Metadata,
}

/// The outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Its events are recorded.
    Recorded {
        /// The position of the last event.
        last: Position,
        /// The version of the last event.
        version: Version,
        /// When they were recorded, if the event store says so.
        time: Option<Timestamp>,
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
    /// The event store is not responding; whether the command was recorded is unknown.
    #[error("the event store is not responding")]
    Unavailable,
    /// The event store will never record it.
    #[error("the event store refused: {0}")]
    Refused(String),
    /// Its stream has an event that only a newer version of the program reads: what may be decided is not known here.
    #[error("{0}")]
    Newer(Arc<str>),
    /// It leads to an event of a schema that is not recorded yet, because an instance of an older version does not read it.
    #[error("{0} is not recorded before every instance reads it")]
    Held(Arc<str>),
}

impl<R> ExecuteError<R> {
    /// The same error, with the rejection in other words.
    pub fn map<T>(self, rejected: impl FnOnce(R) -> T) -> ExecuteError<T> {
        match self {
            Self::Rejected(rejection) => ExecuteError::Rejected(rejected(rejection)),
            Self::KeyReused => ExecuteError::KeyReused,
            Self::Unavailable => ExecuteError::Unavailable,
            Self::Refused(reason) => ExecuteError::Refused(reason),
            Self::Newer(event) => ExecuteError::Newer(event),
            Self::Held(event) => ExecuteError::Held(event),
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
    budget: Budget,
    schemas: Schemas,
    turns: Arc<Semaphore>,
    streams: Mutex<Streams<D>>,
}

type Outcome<D> = Result<Done, ExecuteError<<D as Decider>::Rejection>>;

/// A command waiting for its answer.
struct Asked<D: Aggregate> {
    request: CommandRequest<D::Command>,
    /// When the caller stops waiting for the answer; never for reactions.
    expires: Option<std::time::Duration>,
    answer: oneshot::Sender<Outcome<D>>,
    /// Its place among those that may wait.
    _turn: Option<OwnedSemaphorePermit>,
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
        let shared = Arc::new(Shared {
            store: deps.store(),
            clock: Arc::clone(&deps.clock),
            ids: Arc::clone(&deps.ids),
            tasks: deps.tasks.clone(),
            traces: deps.traces.clone(),
            snapshots,
            budget: deps.budget.clone(),
            schemas: deps.schemas.clone(),
            turns: Arc::new(Semaphore::new(WAITING_MAX)),
            streams: Mutex::default(),
        });
        let kind: Arc<dyn AtRest> = Arc::<Shared<D>>::clone(&shared);
        deps.budget.join(Arc::downgrade(&kind));
        Self(shared)
    }

    /// Carries out a command for a caller that waits: an answer within 2 s, if only [`ExecuteError::Unavailable`].
    pub async fn execute(
        &self,
        stream: StreamId,
        request: CommandRequest<D::Command>,
    ) -> Result<Done, ExecuteError<D::Rejection>> {
        let exchange = async {
            let answer = self.submit(stream, request).await;
            answer.await.unwrap_or(Err(ExecuteError::Unavailable))
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(ExecuteError::Unavailable))
    }

    /// Puts a command into its stream's queue. Commands of one caller to one stream are decided in the order of these calls.
    pub async fn submit(&self, stream: StreamId, request: CommandRequest<D::Command>) -> Answer<D> {
        let shared = &self.0;
        let (answer, receiver) = oneshot::channel();
        // A reaction is never given up; a caller stops waiting after a while.
        let expires = request.metadata.cause.is_none().then(|| shared.clock.elapsed() + PATIENCE);
        let turn = Arc::clone(&shared.turns).acquire_owned().await.ok();
        // While the process stops, there will be no answer.
        if !shared.tasks.is_stopping() {
            let asked = Asked { request, expires, answer, _turn: turn };
            shared.ask(stream, asked);
        }
        receiver
    }
}

impl<D: Aggregate> Shared<D> {
    /// Gives a command to the task that serves its stream; to a new one if the stream rests.
    fn ask(self: &Arc<Self>, stream: StreamId, asked: Asked<D>) {
        let taken = sync::lock(&self.streams).take(&stream, asked);
        let resident = match taken {
            Takes::Queued => return,
            Takes::Known(asked) => {
                let _gave_up = asked.answer.send(Ok(Done::AlreadyReacted));
                return;
            }
            Takes::Unknown => None,
            Takes::Rested { bytes, resident } => {
                self.budget.give_back(bytes);
                Some(resident)
            }
        };
        let serving = Serving::new(Arc::clone(self), stream, resident);
        self.tasks.spawn("aggregate", serving.run());
    }

    /// Has a snapshot of a stream written, if its aggregate makes them.
    fn keep_snapshot(&self, stream: &StreamId, loaded: &Loaded<D::State>) {
        if D::SNAPSHOT_SCHEMA == 0 {
            return;
        }
        if let Some((version, body)) = loaded.version.zip(loaded.to_snapshot::<D>()) {
            self.snapshots.keep(&self.tasks, stream.clone(), version, body);
        }
    }
}

impl<D: Aggregate> AtRest for Shared<D> {
    fn oldest(&self) -> Option<u64> {
        sync::lock(&self.streams).oldest()
    }

    fn evict(&self) {
        let evicted = sync::lock(&self.streams).evict();
        let Some((stream, bytes, resident)) = evicted else { return };
        self.budget.give_back(bytes);
        if resident.loaded.events() > resident.kept + TAIL {
            self.keep_snapshot(&stream, &resident.loaded);
        }
    }
}

impl<D: Aggregate> Drop for Shared<D> {
    fn drop(&mut self) {
        self.budget.give_back(sync::lock(&self.streams).bytes());
    }
}
