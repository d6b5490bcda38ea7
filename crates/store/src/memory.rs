//! The transport within one process.

use std::{
    sync::{Mutex, Weak},
    time::Duration,
};

use async_trait::async_trait;
use kernel::sync;
use tokio::sync::mpsc;

use crate::{
    Append, Appended, Incoming, Message, NoReply, Page, Read, Receiver, Requests, Topic, Transport,
    mailbox::Mailbox, transport::ask,
};

/// Requests waiting for the event store; further callers wait. More than a group commit takes at once.
const REQUESTS_MAX: usize = 4096;

type Queue<Q, A> = Mutex<Option<mpsc::Sender<Incoming<Q, A>>>>;

/// Passes messages by reference within one process; nothing is serialised or copied.
#[derive(Debug, Default)]
pub struct Memory {
    subscribers: Mutex<Vec<Weak<Mailbox>>>,
    appends: Queue<Append, Appended>,
    reads: Queue<Read, Page>,
}

impl Memory {
    /// A bus without subscribers and servers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        for mailbox in sync::lock(&self.subscribers).iter().filter_map(Weak::upgrade) {
            mailbox.close();
        }
    }
}

#[async_trait]
impl Transport for Memory {
    async fn subscribe(&self, topic: Topic) -> Receiver {
        let (subscription, mailbox) = Receiver::new(topic);
        let mut subscribers = sync::lock(&self.subscribers);
        subscribers.retain(|subscriber| subscriber.strong_count() > 0);
        subscribers.push(mailbox);
        subscription
    }

    async fn publish(&self, message: Message) {
        let subscribers = sync::lock(&self.subscribers).clone();
        for mailbox in subscribers.iter().filter_map(Weak::upgrade) {
            mailbox.put(&message);
        }
    }

    async fn append(&self, append: Append, timeout: Duration) -> Result<Appended, NoReply> {
        ask(server(&self.appends), append, timeout).await
    }

    async fn read(&self, read: Read, timeout: Duration) -> Result<Page, NoReply> {
        ask(server(&self.reads), read, timeout).await
    }

    async fn serve_appends(&self) -> Requests<Append, Appended> {
        serve(&self.appends)
    }

    async fn serve_reads(&self) -> Requests<Read, Page> {
        serve(&self.reads)
    }
}

fn server<Q, A>(queue: &Queue<Q, A>) -> Option<mpsc::Sender<Incoming<Q, A>>> {
    sync::lock(queue).clone()
}

fn serve<Q, A>(queue: &Queue<Q, A>) -> Requests<Q, A> {
    let (sender, receiver) = mpsc::channel(REQUESTS_MAX);
    *sync::lock(queue) = Some(sender);
    Requests::new(receiver)
}
