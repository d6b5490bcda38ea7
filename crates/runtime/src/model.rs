//! Read models as the projector and the operator's tools see them, independent of their engine.

pub mod conformance;
mod generations;
mod location;
mod served;
pub mod server;
pub mod sqlite;
mod take;

use async_trait::async_trait;
use kernel::{Position, Recorded};
use store::Balance;
use uuid::Uuid;

pub use crate::shape::{is_newer, shape};
pub use generations::{Compared, Comparison, Generations, Other, Purpose};
pub use location::ModelLocation;
pub use served::{Part, Relocatable, Served};
pub use server::{ServerEngine, ServerLocation, left_out};
pub(crate) use take::projected;
pub use take::{Taken, Taking};

use crate::{ModelError, SetAside, Unfit};

/// Change of a model by an event, if any. Pure.
pub type Project<C> = fn(&Recorded) -> Result<Option<C>, Unfit>;

/// The id in the name of an event's stream.
pub fn subject(event: &Recorded) -> Result<Uuid, Unfit> {
    Uuid::parse_str(event.stream.id())
        .map_err(|_| Unfit::broken(format!("its stream {} is not named by an id", event.stream)))
}

/// A read model. Each service adds its queries in a trait of its own; every engine that can hold the model implements both and
/// passes the service's conformance suite.
///
/// What waits for a server gives up after 2 s at most with [`ModelError::Unavailable`], and works again once the server does.
#[async_trait]
pub trait ReadModel: Send + Sync + 'static {
    /// What can happen to the model.
    type Change: Send + Sync + 'static;

    /// The position up to which the model holds everything.
    async fn checkpoint(&self) -> Result<Position, ModelError>;

    // ANCHOR: apply
    /// Makes the changes, in order, and moves the checkpoint from `from` to `to`: together or not at all; or, where the engine has
    /// no transactions, each change idempotent by position and the checkpoint last. [`ModelError::Stale`], and nothing changed that
    /// readers can see, if the checkpoint is not at `from`.
    ///
    /// [`ModelError::Unfit`], and nothing changed that readers can see, if one of the changes can never be made, such as a second order of
    /// one id: that is the case for every engine alike.
    ///
    /// Whether a dropped or unanswered call made its changes is not known; made again, it is stale or does what it should.
    async fn apply(
        &self,
        from: Position,
        changes: &[Self::Change],
        to: Position,
    ) -> Result<(), ModelError>;
    // ANCHOR_END: apply

    /// Notes that an event cannot be taken, and moves the checkpoint past it: together or not at all. [`ModelError::Stale`] if the checkpoint
    /// is not just before it.
    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError>;

    /// Makes the changes of events that were set aside or waited, removes their entry, notes another one in its place if there is one, and moves
    /// the checkpoint from `from` to `to`: together or not at all; for the rest as [`Self::apply`]. The changes are of events before `from`.
    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Self::Change>,
        to: Position,
    ) -> Result<(), ModelError>;

    /// The entries of the model's [inbox](crate::inbox): the events that are set aside, in order.
    async fn aside(&self) -> Result<Vec<SetAside>, ModelError>;

    /// The event that begins the log which the model is built from: `first`, noted now, unless another one was noted before. A log is
    /// identified by its first event, so one that gets another event back has the model of another system.
    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError>;

    /// Empties the model; its checkpoint, the events set aside, and what log it is built from included. A generation beside it is dropped.
    async fn reset(&self) -> Result<(), ModelError>;

    /// Everything in the model as lines of text in a fixed order, the same for every engine: what a rebuilt model is compared by.
    async fn dump(&self) -> Result<Vec<String>, ModelError>;

    /// The same of one position, and that position. An engine without snapshots is asked until no change came between.
    async fn dump_at(&self) -> Result<(Position, Vec<String>), ModelError> {
        loop {
            let (before, lines) = (self.checkpoint().await?, self.dump().await?);
            if self.checkpoint().await? == before {
                return Ok((before, lines));
            }
        }
    }

    /// The name of the engine that keeps it, such as `SQLite`.
    fn engine(&self) -> &'static str;

    /// Sums that must agree at any time, for operators to look at; none unless the model counts something in two ways.
    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        Ok(Vec::new())
    }

    /// Whether later events of a stream wait for one that was set aside. Not where events are independent and must not wait.
    fn keeps_order(&self) -> bool {
        true
    }

    /// The lease, if several instances share the model; one's own needs none.
    fn shared(&self) -> Option<&dyn Shared> {
        None
    }

    /// The embedded database, if it is one: where it turns out damaged it is replaced.
    fn database(&self) -> Option<sqlite::Database> {
        None
    }

    /// Events that one transaction takes while the model is behind, if there is more than a page of them. Events of one thing are often near
    /// each other, and are then one change of its row. A server takes a page: its time for an answer is limited, and each statement costs
    /// a round trip.
    fn events_at_once(&self) -> usize {
        if self.database().is_some() { 5000 } else { 1 }
    }

    /// Its generations, if it can be built again beside itself while it serves.
    fn generations(&self) -> Option<&dyn Generations<Self::Change>> {
        None
    }

    /// Whether answers come from memory, so that a database that is being built again takes nothing away from them.
    fn is_in_memory(&self) -> bool {
        false
    }
}

/// Events that were set aside or waited, and are taken now.
#[derive(Debug)]
pub struct TakenUp<'a, C> {
    /// The entry that is removed.
    pub entry: &'a SetAside,
    /// The changes, in order.
    pub changes: &'a [C],
    /// The next event of the stream that cannot be taken; it may be the same.
    pub again: Option<&'a SetAside>,
}

/// The side of a shared model by which its instances agree on who projects into it.
#[async_trait]
pub trait Shared: Send + Sync {
    /// The lease as it is; none in a new or emptied model, or an emptied one may keep it.
    async fn lease(&self) -> Result<Option<Lease>, ModelError>;

    /// Puts `next` in the place of `seen`; false, and nothing changed, if something else is there. Of several who call this at
    /// once with the same `seen`, one succeeds.
    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError>;
}

/// The right to project into a shared model: the instance that began the term holds it, as long as it keeps renewing the beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Counts the holders: each begins a term of its own.
    pub term: u64,
    /// Counts up while the lease is held; 0 when it was released.
    pub beat: u64,
}
