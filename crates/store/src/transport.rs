//! The port: what every transport offers, and how little it guarantees.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use crate::{Append, Appended, Incoming, Message, Page, Read, Receiver, Requests, Topic};

/// Carries broadcasts and requests between services.
///
/// # Contract
/// - **Broadcasts** reach the subscribers of that time, at most a bounded number of them waiting. They may be lost,
///   repeated and reordered. A subscriber that is too slow receives [`Heard::Lost`](crate::Heard::Lost) and catches up from the
///   event store; it never slows the publisher, and what waits for it is bounded in number and bytes.
/// - **Requests** reach one of the servers of the queue, or none. A question may be delivered twice, its answer may be
///   lost: [`NoReply`] says nothing about whether it was acted on. Callers wait when the queue is full (back-pressure),
///   `timeout` at most in all.
/// - Dropping a returned future gives up waiting; the question may still be acted on.
/// - Nothing here is durable, and no order holds between two broadcasts or two requests.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Hears broadcasts of `topic` from now on.
    async fn subscribe(&self, topic: Topic) -> Receiver;

    /// Broadcasts to all subscribers; returns when the transport has taken it.
    async fn publish(&self, message: Message);

    /// Asks the event store to record.
    async fn append(&self, append: Append, timeout: Duration) -> Result<Appended, NoReply>;

    /// Asks the event store for events.
    async fn read(&self, read: Read, timeout: Duration) -> Result<Page, NoReply>;

    /// Serves appends from now on, in place of the previous server.
    async fn serve_appends(&self) -> Requests<Append, Appended>;

    /// Serves reads from now on.
    async fn serve_reads(&self) -> Requests<Read, Page>;

    /// What carries the messages, and whether it does now.
    fn link(&self) -> Link {
        Link { engine: THIS_PROCESS, connected: true }
    }
}

/// Name of the bus within a process.
pub const THIS_PROCESS: &str = "this process";

/// What carries messages between services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name for people: `RabbitMQ`, or `this process`.
    pub engine: &'static str,
    /// Whether there is a connection.
    pub connected: bool,
}

impl fmt::Debug for dyn Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// A request without an answer; whether it was acted on is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoReply {
    /// No server took the request, or there is no connection.
    #[error("no event store is serving requests")]
    Unreachable,
    /// A server took it and dropped it, or the connection broke.
    #[error("the answer was lost")]
    Lost,
    /// Nothing came within the time given.
    #[error("no answer in time")]
    TimedOut,
}

/// Asks within `timeout`; shared by the transports.
pub(crate) async fn ask<Q, A>(
    queue: Option<tokio::sync::mpsc::Sender<Incoming<Q, A>>>,
    question: Q,
    timeout: Duration,
) -> Result<A, NoReply> {
    let queue = queue.ok_or(NoReply::Unreachable)?;
    let (incoming, answer) = Incoming::new(question);
    let exchange = async {
        queue.send(incoming).await.map_err(|_| NoReply::Unreachable)?;
        answer.await.map_err(|_| NoReply::Lost)
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(NoReply::TimedOut))
}
