//! The event store and the bus: what can be asked of them, as ports with their contracts, and the engines that need nothing
//! installed: the own log, and a bus within one process.
//!
//! The bus may lose, repeat or reorder anything; the event store is the truth. A transport therefore promises little (see
//! [`Transport`]), and everything built on it lives with that little. What an engine promises is written at [`Writer`] and
//! [`Reader`]; [`conformance`] holds both suites.
//!
//! Use it to embed an event store, or to write another engine for one. It has no retries, no subscriptions without gaps and no read
//! models: those are `runtime`'s, which also serves a store on a bus (`event_store::serve`) in place of the loop below. `store-mongodb`
//! and `bus-rabbitmq` are engines on servers.
//!
//! ```
//! use std::{path::Path, sync::Arc, time::Duration};
//!
//! use eventlog::{Options, simdisk::SimDisk};
//! use kernel::{Actor, EventId, EventType, Expected, Metadata, NewEvent, StreamId, Timestamp};
//! use store::{
//!     Append, Appended, Heard, Incoming, LogStore, Memory, Message, Topic, Transport, Writer,
//! };
//! use uuid::Uuid;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let files = Arc::new(SimDisk::new(1)); // `eventlog::OsFiles` in production
//! let LogStore { mut writer, .. } = LogStore::open(Path::new("/bank"), files, Options::new([7; 16]))?;
//! let bus = Memory::new();
//! let mut subscriber = bus.subscribe(Topic::Log).await;
//! let mut requests = bus.serve_appends().await;
//!
//! let opened = NewEvent {
//!     id: EventId(Uuid::from_u128(1)),
//!     kind: EventType::parse("account.opened")?,
//!     schema: 1,
//!     metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(2)),
//!     data: serde_json::value::to_raw_value(&serde_json::json!({ "owner": "ada" }))?,
//! };
//! let append = Append {
//!     stream: StreamId::new("account", 1)?,
//!     expected: Expected::None, // the stream must be new
//!     events: [opened].into(),
//! };
//! // What an event store does with a group of requests: record, answer, broadcast.
//! let serve = async {
//!     let group = requests.next_batch(100).await;
//!     let (appends, answers): (Vec<_>, Vec<_>) = group.into_iter().map(Incoming::split).unzip();
//!     let commit = writer.commit(&appends, Timestamp::from_micros(0)).await?;
//!     answers.into_iter().zip(commit.answers).for_each(|(answer, said)| answer(said));
//!     bus.publish(Message::Recorded(commit.recorded.into())).await;
//!     Ok::<_, store::StoreFailure>(())
//! };
//! let (answer, served) = tokio::join!(bus.append(append, Duration::from_secs(5)), serve);
//! served?;
//! assert!(matches!(answer?, Appended::Recorded { .. }));
//! let Some(Heard::Message(Message::Recorded(events))) = subscriber.next().await else { panic!() };
//! assert_eq!(events[0].kind.as_str(), "account.opened");
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

pub mod conformance;
pub mod copy;
pub mod log;
mod mailbox;
mod memory;
mod message;
pub mod plan;
pub mod port;
mod requests;
mod transport;

pub use copy::copy;
pub use log::LogStore;
pub use mailbox::{Heard, Mailbox, Receiver};
pub use memory::Memory;
pub use message::{
    Address, Announcement, Append, Appended, Balance, Batch, Kept, Lag, Message, Page, Read, Topic,
};
pub use port::{Commit, Import, Reader, StoreFailure, Writer};
pub use requests::{Incoming, Requests};
pub use transport::{Link, NoReply, THIS_PROCESS, Transport};
