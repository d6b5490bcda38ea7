//! How a command ended, as far as its exit code says it.

/// How a command that ran to its end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    BadRows,
    Unfinished,
}

/// Wrong usage that only the command itself can detect.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);
