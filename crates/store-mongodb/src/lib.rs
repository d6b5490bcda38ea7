//! The event store over MongoDB.
//!
//! Use it where a database is already operated, replicated and backed up by others, and a round trip per group of appends is fast enough;
//! `store`'s own log needs no server and is faster. It is not a read model or a query engine over events: it implements `store::Writer`
//! and `store::Reader`, and needs a replica set, since it records in transactions.
//!
//! ```no_run
//! use kernel::Position;
//! use store::{Read, Reader as _};
//! use store_mongodb::{MongoOptions, MongoStore};
//!
//! # async fn example() -> Result<(), store::StoreFailure> {
//! let url = "mongodb://bank:secret@localhost:27017/bank?replicaSet=rs0";
//! let MongoStore { reader, .. } = MongoStore::open(url, MongoOptions::default()).await?;
//! let page = reader.read(&Read::All { from: Position(1), categories: Vec::new() }).await?;
//! for event in page.events {
//!     println!("{} {} {}", event.position, event.kind, event.data);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//!  commit ─▶ check in memory ─▶ one transaction: insert, commit ─▶ answers
//!     ▲          head, versions        │ duplicate key, write conflict: another writer recorded
//!     └── read on, check all again ◀───┘ unknown result: look what is at the positions
//! ```
//!
//! One collection, `events`, holds one document per event:
//!
//! | field | BSON type | is |
//! | --- | --- | --- |
//! | `_id`, `position` | long | the position; twice, since not every server of this protocol finds a range of `_id` without looking at all |
//! | `stream`, `version` | string, long | the stream and the event's place in it |
//! | `category` | string | the part before the stream's first `-` |
//! | `id` | UUID | the event's id |
//! | `type`, `schema` | string, long | the event's type and the schema number of `data` |
//! | `time` | long | when it was recorded: microseconds since 1970 |
//! | `meta` | document | `actor`; `correlation` (UUID); where there are such: `traceparent`, `reactor`, `cause` (long), `idempotency` (`key`, `request`: UUID; `creates`) |
//! | `data` | string | the JSON object, to the byte as it was sent |
//!
//! The indexes are unique `position`, unique `(stream, version)`, and `(category, position)`. The two unique ones enforce
//! optimistic concurrency: a writer that builds on a head or a version that is no longer the last fails, however stale its memory.
//!
//! A second collection, `writers`, holds the session of each writer, so that the next one can end what it left open. The user needs the actions
//! `find` and `insert` on both collections and `createIndex` on `events`, and no others.

#![deny(missing_docs)]

mod codec;
mod connection;
mod look;
mod reader;
mod takeover;
mod transaction;
mod writer;

pub use reader::MongoReader;
pub use writer::MongoWriter;

use std::time::Duration;

use connection::Connection;
use store::port::StoreFailure;

/// Defaults for what the URL does not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MongoOptions {
    /// The database.
    pub database: String,
    /// The application name of the connections, for the server's operator.
    pub application: String,
    /// How long a server that has the connection may take to answer: its disk may be slow, its network cut. 5 s by default.
    pub answer_max: Duration,
}

impl Default for MongoOptions {
    fn default() -> Self {
        let name = "events".to_owned();
        Self { database: name.clone(), application: name, answer_max: Duration::from_secs(5) }
    }
}

/// An event store in a database of MongoDB.
pub struct MongoStore {
    /// Records events.
    pub writer: MongoWriter,
    /// Reads them.
    pub reader: MongoReader,
}

impl MongoStore {
    /// Takes the database that a URL such as `mongodb://user:password@host1,host2/events?replicaSet=rs0` names.
    ///
    /// Fails where only an operator can help: the URL is invalid, the server refuses the user, or it has no transactions. A server
    /// that does not respond now is not an error: calls fail within 2 s until it responds.
    pub async fn open(url: &str, unless: MongoOptions) -> Result<Self, StoreFailure> {
        let connection = Connection::open(url, unless).await?;
        Ok(Self {
            writer: MongoWriter::new(connection.clone()),
            reader: MongoReader::new(connection),
        })
    }
}
