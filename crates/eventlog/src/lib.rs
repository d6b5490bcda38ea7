//! The storage engine: an append-only, checksummed, hash-chained log of events.
//!
//! A log is a folder of segment files. [`open()`] gives one [`Writer`], which appends batches and answers once they are
//! durable; a [`Reader`] that reads everything in order, single streams and categories, beside the writer and never
//! ahead of it; and an [`Maintenance`] that writes the indexes of sealed segments out of the writer's way. A batch torn by a crash
//! is truncated and reported; any other damage is refused, with its segment and position.
//!
//! Use it alone as the durable heart of a system of your own: it needs no runtime, no server and no other crate of the platform. It is
//! one process's log on one machine: not replicated, not encrypted, without queries beyond streams, categories and positions, and
//! nothing in it is ever changed or deleted. `store` makes an event store of it.
//!
//! ```
//! # use std::{ops::ControlFlow, path::Path, sync::Arc};
//! # use eventlog::{Limits, NewRecord, Options, open, simdisk::SimDisk};
//! let files = Arc::new(SimDisk::new(1)); // `OsFiles` in production
//! let mut log = open(Path::new("/bank"), files, Options::new([7; 16]))?;
//! let event = NewRecord {
//!     stream: "depot-1",
//!     version: 0,
//!     id: [1; 16],
//!     kind: "depot.opened",
//!     time_us: 0,
//!     metadata: b"{}",
//!     data: b"{}",
//! };
//! let positions = log.writer.append(&[event])?; // durable from here on
//! assert_eq!(positions, 1..2);
//! log.reader.read_stream("depot-1", 0, Limits::NONE, |record| {
//!     assert_eq!(record.kind, "depot.opened");
//!     ControlFlow::Continue(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | in the folder | is |
//! | --- | --- |
//! | `0000000001.segment`, … | the log: batches, each with its checksum; a header with the hash of the segment before |
//! | `0000000001.index`, … | of each sealed segment, where everything is in it; disposable |
//! | `lock` | held by the one process that has the log open |
//!
//! The crate has no clock, no randomness and no threads of its own: the same appends give the same bytes. All file
//! operations go through the port [`Files`]: [`OsFiles`] is the real one, [`simdisk::SimDisk`] the one that fails.
//! Memory: at most 32 bytes per stream, nothing per event, and the index of the segment being written.

#![deny(missing_docs)]

mod backup;
mod chain;
mod compare;
mod files;
mod format;
mod hash;
mod heads;
mod index;
mod known;
mod lock;
mod maintenance;
mod open;
mod options;
mod reader;
mod recovery;
mod report;
mod scan;
mod segment;
mod shared;
pub mod simdisk;
mod unsynced;
mod verify;
mod writer;

pub use backup::{BackupError, Piece, backup, pieces, restore};
pub use compare::compare;
pub use files::{Access, File, Files, Lock, OsFiles};
pub use format::{NewRecord, Record, category};
pub use hash::{Hash, Mark, NotAMark};
pub use known::{Known, Lost};
pub use maintenance::Maintenance;
pub use open::{Opened, open};
pub use options::Options;
pub use reader::{Cursor, Limits, Page, ReadError, Reader, Stats};
pub use report::{OpenError, Report, Torn};
pub use segment::Damage;
pub use unsynced::Unsynced;
pub use verify::{Verified, VerifyError, verify, verify_known};
pub use writer::{AppendError, Writer};
