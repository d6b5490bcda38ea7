//! The storage engine: an append-only, checksummed, hash-chained log of events.
//!
//! A log is a folder of segment files. [`open()`] gives one [`Writer`], which appends batches and answers once they are
//! durable, and a [`Reader`] that reads everything in order, single streams and categories, beside the writer and never
//! ahead of it. What a crash tore is cut and reported; any other damage is named and refused.
//!
//! The crate has no clock, no randomness and no threads of its own: the same appends give the same bytes. All file
//! operations go through the port [`Files`]: [`OsFiles`] is the real one.

mod files;
mod format;
mod hash;
mod heads;
mod index;
mod reader;
mod recovery;
mod scan;
mod segment;
mod shared;
mod upkeep;
mod writer;

pub use files::{Access, File, Files, Lock, OsFiles};
pub use format::{NewRecord, Record, category};
pub use hash::{Hash, Mark, NotAMark};
pub use reader::{Cursor, Limits, Page, ReadError, Reader, Stats};
pub use recovery::{OpenError, Opened, Options, Report, Torn, open};
pub use segment::Damage;
pub use upkeep::Upkeep;
pub use writer::{AppendError, Writer};
