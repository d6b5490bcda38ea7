//! The event store service: conditional appends, reads and broadcasts over a store.
//!
//! ```text
//!  append requests ─▶ [writer: check versions │ write, sync once] ─▶ answers ─▶ broadcast
//!  read requests ───▶ [reader] ─▶ pages
//! ```

pub mod conformance;
pub mod http;
pub mod log;
pub mod port;
mod serve;

pub use log::LogStore;
pub use port::{Commit, Reader, StoreFailure, Writer};
pub use serve::{Figures, serve};
