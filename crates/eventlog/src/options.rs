//! How a log is opened.

use crate::known::Known;

/// How a log is laid out. Given at every opening; what exists already stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The length of a segment file: between 4 KiB and 1 GiB. A batch that is longer gets a longer segment. An open log
    /// keeps two files open per segment.
    pub segment_bytes: u64,
    /// Random bytes that a new log's checksums begin with, so that no other file's bytes pass for its own.
    pub salt: [u8; 16],
    /// What the log must have, if it is known from elsewhere. Without it, a folder with no log gets a new one, and a last batch that
    /// is not whole counts as torn by a crash.
    pub known: Option<Known>,
    /// Opens the log with what it has, whatever else is known; [`Report::lost`](crate::Report::lost) then says what is permanently lost.
    pub accept_loss: bool,
}

impl Options {
    /// Segments of 64 MiB, and nothing known.
    pub const fn new(salt: [u8; 16]) -> Self {
        Self { segment_bytes: 64 << 20, salt, known: None, accept_loss: false }
    }
}
