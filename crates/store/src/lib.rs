//! The event store and the bus: what can be asked of them, as ports with their contracts, and the engines that need nothing
//! installed: the own log, and a bus within one process.
//!
//! The bus may lose, repeat or reorder anything; the event store is the truth. A transport therefore promises little (see
//! [`Transport`]), and everything built on it lives with that little. What an engine promises is written at [`Writer`] and
//! [`Reader`]; [`conformance`] holds both suites.

pub mod conformance;
pub mod copy;
pub mod judge;
pub mod log;
mod mailbox;
mod memory;
mod message;
pub mod port;
mod requests;
mod transport;

pub use copy::copy;
pub use log::LogStore;
pub use mailbox::{Heard, Mailbox, Receiver};
pub use memory::Memory;
pub use message::{
    Address, Announcement, Append, Appended, Balance, Batch, Lag, Message, Page, Read,
};
pub use port::{Commit, Import, Reader, StoreFailure, Writer};
pub use requests::{Incoming, Requests};
pub use transport::{NoReply, Topic, Transport};
