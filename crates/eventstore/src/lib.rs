//! The event store service: conditional appends, reads and broadcasts over a store.
//!
//! ```text
//!  append requests ─▶ [writer: check versions │ write, sync once] ─▶ answers ─▶ broadcast
//!  read requests ───▶ [reader] ─▶ pages
//! ```

pub mod conformance;
pub mod copy;
mod dating;
pub mod http;
mod judge;
pub mod log;
pub mod mongo;
pub mod port;
mod serve;

pub use copy::copy;
pub use log::LogStore;
pub use mongo::MongoStore;
pub use port::{Commit, Import, Reader, StoreFailure, Writer};
pub use serve::{Figures, last_time, serve};
