//! Connection state and counters.

use thiserror::Error;

/// The state of the connection to the broker, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The first connection is being made.
    Connecting,
    /// There is a connection, and everything works.
    Connected,
    /// Not reachable; retried until it is.
    Unreachable(String),
    /// Authentication or topology was rejected. Retried, but will keep failing until the settings change.
    Refused(String),
    /// The driver has ended.
    Closed,
}

/// The broker refuses the connection, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Refused(pub(super) String);

/// What the transport has counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Connections made; one more than were lost.
    pub connections: u64,
    /// Broadcasts of ours that the broker never got.
    pub broadcasts_dropped: u64,
    /// Broadcasts that could not be parsed.
    pub broadcasts_skipped: u64,
    /// Requests that could not be parsed and were answered so.
    pub requests_refused: u64,
    /// Unparseable requests without a reply address.
    pub dead_letters: u64,
    /// Replies that could not be parsed.
    pub replies_skipped: u64,
}
