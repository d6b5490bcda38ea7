//! What the calls of a service share: its read model, how far that is, and how commands are executed.

use kernel::{Position, StreamId};
use runtime::{Aggregate, Aggregates, CommandRequest, Done, EventStore, ExecuteError, Progress};
use std::{fmt, sync::Arc, time::Duration};
use store::{NoReply, Read};

use crate::{At, POSITION_TIMEOUT, Problem, ServiceDeps};

/// A service's dependencies and its read model `M`. Each service wraps it in its own struct, which dereferences to it.
pub struct ServiceContext<M: ?Sized> {
    /// The service's dependencies.
    pub deps: ServiceDeps,
    /// The read model.
    pub model: Arc<M>,
    /// How far the model is.
    pub progress: Progress,
}

impl<M: ?Sized> ServiceContext<M> {
    /// The event store.
    #[must_use]
    pub fn store(&self) -> EventStore {
        self.deps.store()
    }

    /// Executes a command, and waits until the model shows its outcome. For calls whose answer is read from the model; others answer from
    /// [`Aggregates::execute`], with the position that a reader may wait for.
    pub async fn execute<A: Aggregate>(
        &self,
        aggregates: &Aggregates<A>,
        stream: StreamId,
        request: CommandRequest<A::Command>,
    ) -> Result<Done, ExecuteError<A::Rejection>> {
        let done = aggregates.execute(stream, request).await?;
        self.wait_until_shown(done).await;
        Ok(done)
    }

    /// Waits until the model shows the outcome of a command; false if that takes longer than 2 s. That is not a
    /// failure: the outcome *is* recorded.
    pub async fn wait_until_shown(&self, done: Done) -> bool {
        let Some(position) = done.position() else { return true };
        let reached = self.progress.wait_for(position, POSITION_TIMEOUT).await;
        if let Err(behind) = reached {
            // This concerns every such command; the projector and the gateway report the cause once.
            tracing::debug!(behind, %position, "responding before the read model has caught up");
        }
        reached.is_ok()
    }

    /// The position to return with the answer to a command.
    #[must_use]
    pub fn at(&self, done: Done) -> At {
        At(done.position().unwrap_or_else(|| self.progress.position()))
    }

    /// 422 for a position, given as `AsOf`, that the log has not reached.
    pub async fn must_be_recorded(&self, position: Position) -> Result<(), Problem> {
        let recorded = self.within_the_log(position).await?;
        if recorded == position {
            return Ok(());
        }
        Err(Problem::field("AsOf", format!("is beyond {recorded}, the last recorded position")))
    }

    /// The position, or the last one of the log if that is shorter, as a restored one may be.
    pub async fn within_the_log(&self, position: Position) -> Result<Position, Problem> {
        if position <= self.progress.position() {
            return Ok(position);
        }
        let end = Read::All { from: Position(u64::MAX), categories: Vec::new() };
        Ok(position.min(self.store().read_soon(end).await?.head))
    }
}

impl<M: ?Sized> Clone for ServiceContext<M> {
    fn clone(&self) -> Self {
        let Self { deps, model, progress } = self;
        Self { deps: deps.clone(), model: Arc::clone(model), progress: progress.clone() }
    }
}

impl<M: ?Sized> fmt::Debug for ServiceContext<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceContext({:?})", self.progress)
    }
}

/// A failed read of the log.
impl From<NoReply> for Problem {
    fn from(_: NoReply) -> Self {
        Self::unavailable(RETRY_AFTER, "The event store is not responding.")
    }
}

/// A failed command: what a service's rules refuse is a problem of the service's own.
impl<R: Into<Problem>> From<ExecuteError<R>> for Problem {
    fn from(error: ExecuteError<R>) -> Self {
        match error {
            ExecuteError::Rejected(rejection) => rejection.into(),
            ExecuteError::KeyReused => {
                Self::field("Idempotency-Key", "was used for another request")
            }
            ExecuteError::Unavailable => Self::unavailable(
                RETRY_AFTER,
                "The event store is not responding. Whether this was recorded is unknown; with an Idempotency-Key it can be retried safely.",
            ),
            ExecuteError::Refused(reason) => Self::internal(reason),
            ExecuteError::Newer(event) => Self::newer_version(&event),
            ExecuteError::Held(event) => Self::upgrading(&event),
        }
    }
}

/// The pause that a client is asked to make when the event store does not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);
