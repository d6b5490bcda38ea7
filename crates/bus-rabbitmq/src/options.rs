//! Options of a connection to a broker.

use std::{fmt, sync::Arc};

use kernel::Ids;

use crate::Names;

/// How to be at the broker.
#[derive(Clone)]
pub struct Options {
    /// What the system calls its own there; the same in all of its processes.
    pub names: Names,
    /// What an operator sees there, such as `bank accounts`.
    pub name: String,
    /// What the queues of requests are; the same for all who share a broker.
    pub queues: QueueKind,
    /// Where chance comes from, so that not all processes come back at the same moment.
    pub ids: Arc<Ids>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options({}, {}, {:?})", self.names.prefix(), self.name, self.queues)
    }
}

/// What keeps requests at the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueKind {
    /// One node: fast.
    #[default]
    Classic,
    /// A majority of nodes: survives the loss of one.
    Quorum,
}

impl QueueKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Quorum => "quorum",
        }
    }
}
