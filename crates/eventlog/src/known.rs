//! What is known of a log from elsewhere, and what may be missing of it.

use crate::format::Header;
use crate::hash::Hash;
use crate::segment::Damage;

/// What is known of a log from elsewhere: its last position at some time, and what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// A position that was recorded and acknowledged; 0 if nothing was.
    pub position: u64,
    /// The id of the event there.
    pub event: Option<[u8; 16]>,
    /// The log's salt, and the hash of everything up to the position. A copy made event by event has others.
    pub log: Option<([u8; 16], Hash)>,
    /// The log has reached at least here, whatever is there: what read models have seen, for instance.
    pub reached: u64,
}

impl Known {
    /// Whether it says what a log of this header must have, by the hash of all of it.
    pub(crate) fn vouches_for(&self, header: &Header) -> bool {
        self.position > 0 && self.log.is_some_and(|(salt, _)| salt == header.salt)
    }
}

/// What a log no longer has, though it is known to have had it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// There is no log.
    #[error("the log is gone{}", had(*position))]
    Gone {
        /// The last position that is known.
        position: u64,
    },
    /// It ends too early: a segment at its end, or the tail of the last one, is missing.
    #[error(
        "the log ends at position {head}, though events up to position {position} were recorded"
    )]
    Shorter {
        /// Where it ends.
        head: u64,
        /// The last position that is known.
        position: u64,
    },
    /// Its last batch is not whole, and was acknowledged: no crash can have torn it.
    #[error(transparent)]
    Damaged(Damage),
    /// It has another history.
    #[error(
        "the log is another one: it does not have the event that was recorded at position {position}"
    )]
    Other {
        /// The position that is known.
        position: u64,
    },
}

fn had(position: u64) -> String {
    match position {
        0 => String::new(),
        position => format!(": it had events up to position {position}"),
    }
}
