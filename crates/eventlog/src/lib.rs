//! The storage engine: an append-only, checksummed, hash-chained log of events.
//!
//! A log is a folder of segment files. [`open()`] gives one [`Writer`], which appends batches and answers once they are
//! durable, and a [`Reader`] that reads everything in order, single streams and categories, beside the writer and never
//! ahead of it. What a crash tore is cut and reported; any other damage is named and refused.
//!
//! The crate has no clock, no randomness and no threads of its own: the same appends give the same bytes. All file
//! operations go through the port [`Files`]: [`OsFiles`] is the real one, [`simdisk::SimDisk`] the one that fails.

mod backup;
mod chain;
mod files;
mod format;
mod hash;
mod heads;
mod index;
mod open;
mod reader;
mod recovery;
mod scan;
mod segment;
mod shared;
pub mod simdisk;
mod upkeep;
mod verify;
mod writer;

pub use backup::{BackupError, backup, restore};
pub use files::{Access, File, Files, Lock, OsFiles};
pub use format::{NewRecord, Record, category};
pub use hash::{Hash, Mark, NotAMark};
pub use open::{OpenError, Opened, Options, Report, Torn, open};
pub use reader::{Cursor, Limits, Page, ReadError, Reader, Stats};
pub use segment::Damage;
pub use upkeep::Upkeep;
pub use verify::{Verified, VerifyError, verify};
pub use writer::{AppendError, Writer};
