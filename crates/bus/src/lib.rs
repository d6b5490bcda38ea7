//! The event bus: one port, its contract, and the transports behind it.
//!
//! The bus may lose, repeat or reorder anything; the event store is the truth. So a transport promises little (see
//! [`Transport`]), and everything built on it is written to live with that little.

pub mod conformance;
mod mailbox;
mod memory;
mod message;
pub mod rabbitmq;
mod requests;
mod transport;
pub mod wire;

pub use mailbox::{Heard, Subscription};
pub use memory::Memory;
pub use message::{
    Address, Announcement, Append, Appended, Balance, Batch, Lag, Message, Page, Read,
};
pub use rabbitmq::RabbitMq;
pub use requests::{Incoming, Requests};
pub use transport::{NoReply, Topic, Transport};
