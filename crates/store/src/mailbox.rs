//! A subscriber's bounded share of the broadcasts.
//!
//! ```text
//!  publisher ── put ──▶ [ Mailbox: queue │ lost? ] ── next ──▶ subscriber
//!                 full? ──▶ empty it, lost = true
//! ```

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, Weak},
};

use kernel::sync;
use tokio::sync::Notify;

use crate::{Message, Topic};

/// Messages waiting for one subscriber: a second or two of heavy traffic, since each may be a batch of events.
const MESSAGES_MAX: usize = 1024;
/// Bytes waiting for one subscriber, so that a sleeping one costs little however large the events are.
const BYTES_MAX: usize = 1 << 20;

/// What a subscriber receives.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A broadcast of the topic.
    Message(Message),
    /// Broadcasts were lost because too many waited.
    Lost,
}

/// The receiving end of the broadcasts of one topic.
#[derive(Debug)]
pub struct Receiver(Arc<Mailbox>);

/// The sending end; the subscriber is gone when it cannot be upgraded.
#[derive(Debug)]
pub struct Mailbox {
    topic: Topic,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Message>,
    bytes: usize,
    lost: bool,
    closed: bool,
}

impl Receiver {
    /// A subscription and the mailbox that feeds it; for transports.
    #[must_use]
    pub fn new(topic: Topic) -> (Self, Weak<Mailbox>) {
        let mailbox =
            Arc::new(Mailbox { topic, waiting: Mutex::default(), arrived: Notify::new() });
        let sender = Arc::downgrade(&mailbox);
        (Self(mailbox), sender)
    }

    /// The next broadcast; `None` when the transport is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.try_next() {
                return Some(heard);
            }
            if self.0.lock().closed {
                return None;
            }
            // A message put since the check has left its permit.
            self.0.arrived.notified().await;
        }
    }

    /// The next broadcast, if one waits.
    pub fn try_next(&mut self) -> Option<Heard> {
        let mut waiting = self.0.lock();
        if std::mem::take(&mut waiting.lost) {
            return Some(Heard::Lost);
        }
        let message = waiting.queue.pop_front()?;
        waiting.bytes -= size_bytes(&message);
        Some(Heard::Message(message))
    }
}

impl Mailbox {
    /// Puts a message, or marks it lost where there is no room; never waits.
    pub fn put(&self, message: &Message) {
        if !self.topic.includes(message) {
            return;
        }
        let mut waiting = self.lock();
        let size = size_bytes(message);
        if waiting.queue.len() >= MESSAGES_MAX || waiting.bytes + size > BYTES_MAX {
            drop(waiting);
            return self.lose();
        }
        if !waiting.lost {
            waiting.bytes += size;
            waiting.queue.push_back(message.clone());
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Marks broadcasts lost, without knowing which, and empties the queue: the reader starts over from the store.
    pub fn lose(&self) {
        let mut waiting = self.lock();
        *waiting = Waiting { lost: true, closed: waiting.closed, ..Waiting::default() };
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Ends the subscription once the queued messages are delivered.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        sync::lock(&self.waiting)
    }
}

fn size_bytes(message: &Message) -> usize {
    match message {
        Message::Recorded(batch) => batch.iter().map(|event| event.size_bytes()).sum(),
        Message::Head(_) => size_of::<Message>(),
        // Announcements are small and few.
        Message::Service(_) => 1024,
    }
}
