//! Read models as the projector and the operator's tools see them, whatever engine holds them.

pub mod conformance;

use std::str::FromStr;

use async_trait::async_trait;
use kernel::Position;
use thiserror::Error;

use crate::sqlite;

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
    /// anybody can see, if the checkpoint is not at `from`.
    ///
    /// Whether a dropped or unanswered call made its changes is not known; made again, it is stale or does what it should.
    async fn apply(
        &self,
        from: Position,
        changes: &[Self::Change],
        to: Position,
    ) -> Result<(), ModelError>;

    /// Empties the model, checkpoint included.
    async fn reset(&self) -> Result<(), ModelError>;

    /// Everything in the model as lines of text in a fixed order, the same for every engine: what a rebuilt model is compared by.
    async fn dump(&self) -> Result<Vec<String>, ModelError>;

    /// The lease, if several instances share the model; one's own needs none.
    fn shared(&self) -> Option<&dyn Shared> {
        None
    }
}

/// The side of a shared model by which its instances agree on who projects into it.
#[async_trait]
pub trait Shared: Send + Sync {
    /// The lease as it stands; none in a new or emptied model, or an emptied one may keep it.
    async fn lease(&self) -> Result<Option<Lease>, ModelError>;

    /// Puts `next` in the place of `seen`; false, and nothing changed, if something else stands there. Of several who call this at
    /// once with the same `seen`, one succeeds.
    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError>;
}

/// The right to project into a shared model: whoever began its term holds it, for as long as the beats go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub term: u64,
    /// Counts up while somebody holds the lease; 0 when it was given back.
    pub beat: u64,
}

/// The engine behind a read model failed.
#[derive(Debug, Error)]
pub enum ModelError {
    #[error("the read model's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It does not answer now, and may later.
    #[error("the read model's database does not answer: {0}")]
    Unavailable(String),
    /// More long queries are asked for than can be run in time.
    #[error("too many queries of the read model at once")]
    Busy,
    /// Somebody else has moved the checkpoint.
    #[error("another instance projects into the read model")]
    Stale,
    /// It answers and does not let us in: the settings are wrong.
    #[error("{0}")]
    Refused(String),
    #[error("the read model's database failed: {0}")]
    Other(String),
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
    /// All forms of a location, for whoever wrote another one.
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

/// Why a text says nothing of where a read model lives.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocationError {
    #[error("this read model can be at {0}")]
    Scheme(&'static str),
    #[error("{0}")]
    Url(String),
}
