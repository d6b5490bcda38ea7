//! Read models as the projector and the operator's tools see them, independent of their engine.

pub mod conformance;
mod take;

use std::{convert::Infallible, marker::PhantomData, str::FromStr};

use async_trait::async_trait;
use kernel::{DecodeError, Position, Recorded};
use store::Balance;
use thiserror::Error;
use uuid::Uuid;

pub(crate) use take::projected;
pub use take::take;

use crate::sqlite;

/// The longest reason that is kept with an event that was set aside, in characters.
const REASON_MAX: usize = 300;

/// What an event changes in a model, if anything. Pure.
pub type Project<C> = fn(&Recorded) -> Result<Option<C>, Unfit>;

/// Why an event cannot be taken, now or ever.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl From<DecodeError> for Unfit {
    fn from(error: DecodeError) -> Self {
        Self(error.to_string())
    }
}

/// The id in the name of an event's stream.
pub fn subject(event: &Recorded) -> Result<Uuid, Unfit> {
    Uuid::parse_str(event.stream.id())
        .map_err(|_| Unfit(format!("its stream {} is not named by an id", event.stream)))
}

/// An event that a model could not apply: it changed nothing there, and later events were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    pub position: Position,
    pub reason: String,
}

impl SetAside {
    #[must_use]
    pub fn new(position: Position, reason: &str) -> Self {
        Self { position, reason: reason.chars().take(REASON_MAX).collect() }
    }
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

    /// Notes that an event cannot be taken, and moves the checkpoint past it: together or not at all. [`ModelError::Stale`] if the checkpoint
    /// is not just before it.
    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError>;

    /// The events that were set aside, in order.
    async fn aside(&self) -> Result<Vec<SetAside>, ModelError>;

    /// The event that begins the log which the model is built from: `first`, noted now, unless another one was noted before. A log is
    /// told from any other by its first event, so one that gets another event back has the model of another system.
    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError>;

    /// Empties the model; its checkpoint, the events set aside, and what log it is built from included.
    async fn reset(&self) -> Result<(), ModelError>;

    /// Everything in the model as lines of text in a fixed order, the same for every engine: what a rebuilt model is compared by.
    async fn dump(&self) -> Result<Vec<String>, ModelError>;

    /// Sums that must agree at any time, for operators to look at; none unless the model counts something in two ways.
    async fn balances(&self) -> Result<Vec<Balance>, ModelError> {
        Ok(Vec::new())
    }

    /// The lease, if several instances share the model; one's own needs none.
    fn shared(&self) -> Option<&dyn Shared> {
        None
    }

    /// The embedded database, if it is one: where it turns out damaged it is replaced.
    fn database(&self) -> Option<&sqlite::Database> {
        None
    }

    /// Whether answers come from memory, so that a database that is being built again takes nothing away from them.
    fn is_in_memory(&self) -> bool {
        false
    }
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
    pub term: u64,
    /// Counts up while the lease is held; 0 when it was released.
    pub beat: u64,
}

/// The engine behind a read model failed.
#[derive(Debug, Error)]
pub enum ModelError {
    #[error("the read model's database failed: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// Its file is not, or no longer, a whole database.
    #[error("the read model's database is damaged: {0}")]
    Damaged(#[source] rusqlite::Error),
    /// A change can never be made.
    #[error("the change cannot be applied: {0}")]
    Unfit(String),
    /// It does not answer now, and may later.
    #[error("the read model's database is not responding: {0}")]
    Unavailable(String),
    /// More long queries are asked for than can be run in time.
    #[error("too many queries of the read model at once")]
    Busy,
    /// Another instance has moved the checkpoint.
    #[error("another instance projects into the read model")]
    Stale,
    /// It answers and does not let us in: the settings are wrong.
    #[error("{0}")]
    Refused(String),
    #[error("the read model's database failed: {0}")]
    Other(String),
}

/// Set in the number of a shape whose rows depend on more than the log.
const WITH_VARIANT: u32 = 1 << 31;
/// Where such a number keeps the shape, above its variant.
const VARIANT_BITS: u32 = 24;

/// A model's shape as it is stored with it: its number, and a hash of what else its rows depend on (such as a time zone), if anything.
#[must_use]
pub fn shape(number: u32, variant: u32) -> u32 {
    if variant == 0 {
        return number;
    }
    WITH_VARIANT | (number << VARIANT_BITS) | (variant & ((1 << VARIANT_BITS) - 1))
}

/// Whether a stored shape is one that this program does not know yet; any other is built again from the log.
#[must_use]
pub fn is_newer(stored: u32, ours: u32) -> bool {
    if ours & WITH_VARIANT == 0 {
        stored > ours
    } else {
        // Without the bit it was stored by 0.1.0, as a hash of everything.
        stored & WITH_VARIANT != 0 && stored >> VARIANT_BITS > ours >> VARIANT_BITS
    }
}

impl From<rusqlite::Error> for ModelError {
    fn from(error: rusqlite::Error) -> Self {
        if sqlite::is_damage(&error) { Self::Damaged(error) } else { Self::Sqlite(error) }
    }
}

/// Where a read model lives: in a database of this instance's own, or on a server (`S`) that all instances share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelLocation<S> {
    Sqlite(sqlite::Location),
    Server(S),
}

/// A read model's place on a server.
pub trait ServerLocation: FromStr<Err = LocationError> {
    /// What its address begins with.
    const SCHEMES: &'static [&'static str];
    /// All forms of a location, for error messages.
    const FORMS: &'static str;
}

impl<S> From<sqlite::Location> for ModelLocation<S> {
    fn from(location: sqlite::Location) -> Self {
        Self::Sqlite(location)
    }
}

impl<S: ServerLocation> FromStr for ModelLocation<S> {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => text.parse().map(Self::Sqlite),
            Some(scheme) if S::SCHEMES.contains(&scheme) => text.parse().map(Self::Server),
            _ => Err(LocationError::Scheme(S::FORMS)),
        }
    }
}

/// The place of a read model on a server whose engine this program was built without: it can be named, and not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut<E>(Infallible, PhantomData<E>);

/// An engine that a program can be built without.
pub trait Optional {
    const ENGINE: &'static str;
    /// The feature of the program that adds it.
    const FEATURE: &'static str;
    /// As [`ServerLocation::SCHEMES`].
    const SCHEMES: &'static [&'static str];
    /// As [`ServerLocation::FORMS`].
    const FORMS: &'static str;
}

impl<E> LeftOut<E> {
    /// Nothing is there.
    pub fn never(&self) -> ! {
        match self.0 {}
    }
}

impl<E: Optional> ServerLocation for LeftOut<E> {
    const SCHEMES: &'static [&'static str] = E::SCHEMES;
    const FORMS: &'static str = E::FORMS;
}

impl<E: Optional> FromStr for LeftOut<E> {
    type Err = LocationError;

    fn from_str(_: &str) -> Result<Self, LocationError> {
        Err(LocationError::LeftOut(left_out(E::ENGINE, E::FEATURE)))
    }
}

/// What a user reads who names an engine that is not built in.
#[must_use]
pub fn left_out(engine: &str, feature: &str) -> String {
    format!(
        "needs {engine}, which this command was built without: build it with `cargo build --release --features {feature}`, or with \
         everything: `--features full`"
    )
}

/// Why a text is not the location of a read model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocationError {
    #[error("this read model can be at {0}")]
    Scheme(&'static str),
    #[error("{0}")]
    Url(String),
    #[error("{0}")]
    LeftOut(String),
}
