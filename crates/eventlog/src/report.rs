//! What opening a log found, or why it was not opened.

use std::io;
use std::path::{Path, PathBuf};

use crate::format::FORMAT;
use crate::known::Lost;
use crate::scan::Fault;
use crate::segment::Damage;

/// What opening a log found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The last position.
    pub head: u64,
    /// How many segments there are.
    pub segments: u64,
    /// Whether the log is new.
    pub created: bool,
    /// A torn last batch that was cut.
    pub torn: Option<Torn>,
    /// How many zeros at the end of the last segment were missing and were put back.
    pub extended: u64,
    /// The segments whose indexes were missing or damaged and were rebuilt.
    pub rebuilt: Vec<u64>,
    /// What it no longer has of what was known, if that was accepted.
    pub lost: Option<Lost>,
}

/// A last batch that was not whole, as a crash while writing leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The segment's number.
    pub segment: u64,
    /// The first position it would have had.
    pub position: u64,
    /// Where in the file it began.
    pub offset: u64,
    /// How long its remains were.
    pub bytes: u64,
}

/// Why a log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the log in {0} is in use by another process: stop that one first")]
    Locked(PathBuf),
    /// Its format is one of the future.
    #[error(
        "the log in {dir} was written by a newer version of this program (format {format}, this one knows format {FORMAT}): use that one"
    )]
    Newer {
        /// The log's folder.
        dir: PathBuf,
        /// The format it has.
        format: u32,
    },
    /// It is not what was written.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// It no longer has what it is known to have had. Nothing was changed.
    #[error(transparent)]
    Lost(Lost),
    /// Options out of range.
    #[error("the segment size must be from 4 KiB to 1 GiB, not {0} bytes")]
    SegmentBytes(u64),
    /// The system refused.
    #[error("the log in {dir} cannot be opened: {error}")]
    Io {
        /// The log's folder.
        dir: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl OpenError {
    pub(crate) fn new(dir: &Path, fault: Fault) -> Self {
        let dir = dir.to_owned();
        match fault {
            Fault::Damage(damage) => Self::Damage(damage),
            Fault::Newer(format) => Self::Newer { dir, format },
            Fault::Io(error) => Self::Io { dir, error },
        }
    }
}
