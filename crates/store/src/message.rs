//! The messages on the bus, and the topics they belong to.

use std::{collections::BTreeMap, sync::Arc};

use kernel::{Expected, NewEvent, Position, Recorded, StreamId, Timestamp, Version};
use serde::{Deserialize, Serialize};

/// Recorded events with contiguous positions, shared by all subscribers.
pub type Batch = Arc<[Arc<Recorded>]>;

/// A broadcast.
#[derive(Clone, Debug)]
pub enum Message {
    /// Events that were just recorded.
    Recorded(Batch),
    /// The last position of the log, sent every second so that a lost tail is noticed.
    Head(Position),
    /// An instance of a service, sent every 2 s.
    Service(Arc<Announcement>),
}

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The whole log: every recorded event, and the head.
    Log,
    /// What services announce.
    Services,
}

impl Topic {
    /// Whether `message` belongs to the topic.
    #[must_use]
    pub fn includes(self, message: &Message) -> bool {
        match message {
            Message::Recorded(_) | Message::Head(_) => self == Self::Log,
            Message::Service(_) => self == Self::Services,
        }
    }
}

/// Asks the event store to record events: all or none, and only if the stream is as expected.
#[derive(Clone, Debug)]
pub struct Append {
    /// Where the events go.
    pub stream: StreamId,
    /// What the stream must be like for them to be recorded.
    pub expected: Expected,
    /// 1–1000 events, 1 MiB at most.
    pub events: Arc<[NewEvent]>,
}

impl Append {
    /// The most events of one append.
    pub const EVENTS_MAX: usize = 1000;
    /// The most bytes of data and names of one append.
    pub const BYTES_MAX: usize = 1 << 20;
}

/// The event store's answer to an [`Append`], given when it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Recorded, now or when the same append came before.
    Recorded {
        /// The position of the first event.
        first: Position,
        /// The position of the last event.
        last: Position,
        /// The version of the last event.
        version: Version,
        /// When they were recorded; not known from a store that does not say so in its replies.
        time: Option<Timestamp>,
    },
    /// The stream is not as expected; its last version, if it has one.
    Conflict {
        /// The stream's last version; none if it has no event.
        version: Option<Version>,
    },
    /// The append can never be recorded.
    Refused {
        /// What is wrong with it.
        reason: String,
    },
}

/// Asks the event store for recorded events, in order.
#[derive(Clone, Debug)]
pub enum Read {
    /// A stream's events from a version on.
    Stream {
        /// The stream.
        stream: StreamId,
        /// The first version wanted.
        from: Version,
    },
    /// A stream's last event.
    Last {
        /// The stream.
        stream: StreamId,
    },
    /// All events from a position on; only those of `categories`, unless it is empty.
    All {
        /// The first position wanted.
        from: Position,
        /// The categories of streams wanted; all, if empty.
        categories: Vec<String>,
    },
}

/// The event store's answer to a [`Read`]: nothing is left out between the first and the last event of a page.
#[derive(Clone, Debug)]
pub struct Page {
    /// In order, each after the one before.
    pub events: Vec<Arc<Recorded>>,
    /// The last position of the log.
    pub head: Position,
    /// Where to read on: everything asked for before this position is in this or earlier pages.
    pub next: Position,
    /// Whether nothing more was there to read.
    pub end: bool,
}

impl Page {
    /// The most events of one page.
    pub const EVENTS_MAX: usize = 1000;
    /// The most bytes of one page (a single larger event is a page of its own).
    pub const BYTES_MAX: usize = 1 << 20;
}

/// The announcement of an instance of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// The service's name, such as `account`.
    pub name: String,
    /// Tells the instances of a service apart.
    pub instance: String,
    /// Where it is reached.
    pub address: Address,
    /// The path prefixes it answers, such as `/account`; none for what serves no HTTP.
    pub routes: Vec<String>,
    /// The program's version.
    pub version: String,
    /// Whether it can answer now; requests go to instances that can.
    pub ready: bool,
    /// Why it cannot, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What is not as it should be although it answers, each in a sentence or two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why it is slow, in a sentence or two, where that is not told by how far it is behind the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<String>,
    /// The time of day by its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Timestamp>,
    /// What keeps its read model, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Kept>,
    /// How far each of its projectors and reactors is behind the log.
    #[serde(default)]
    pub lag: BTreeMap<String, Lag>,
    /// Events that its projectors and reactors could not take and set aside.
    #[serde(default)]
    pub set_aside: u64,
    /// Events per second it processed since the announcement before.
    #[serde(default)]
    pub throughput: f64,
    /// Sums that must agree (received = on hand + sold, and so on).
    #[serde(default)]
    pub balances: Vec<Balance>,
    /// The newest schema number that it reads, by event type; 1 of a type that is not named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<String, u32>,
}

/// What keeps a read model, or the event store's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The engine's name, such as `SQLite`.
    pub engine: String,
    /// Why it cannot be used now, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// How far a subscriber is behind the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    /// How many events it has yet to process.
    pub events: u64,
    /// How long ago it was last at the end of the log; 0 while it is.
    pub seconds: f64,
    /// For how many of these seconds it has not moved at all.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub still: f64,
}

/// Two sums that must be equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// Such as `received = on hand + sold`.
    pub name: String,
    /// How many of the digits are behind the decimal point: 2 for amounts in hundredths.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub decimals: u8,
    /// One sum.
    pub left: i64,
    /// The other.
    pub right: i64,
}

impl Balance {
    /// Two sums of whole things.
    #[must_use]
    pub fn new(name: impl Into<String>, left: i64, right: i64) -> Self {
        Self { name: name.into(), decimals: 0, left, right }
    }

    /// Two sums in hundredths of something, such as of a currency.
    #[must_use]
    pub fn of_hundredths(name: impl Into<String>, left: i64, right: i64) -> Self {
        Self { decimals: 2, ..Self::new(name, left, right) }
    }
}

/// Where an instance answers HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    /// A base URL.
    Http(String),
    /// A router in the same process, by the service's name.
    Local,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it on so")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it on so")]
fn is_nothing(seconds: &f64) -> bool {
    *seconds <= 0.0
}
