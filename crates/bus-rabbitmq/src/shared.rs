//! What the transport's handle and its driver have in common.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::sync;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::{Figures, Names, State};
use store::{Append, Appended, Incoming, Mailbox, Message, NoReply, Page, Read, Topic};

/// Where a server's questions go, while there is a server.
pub(super) type Slot<Q, A> = watch::Sender<Option<mpsc::Sender<Incoming<Q, A>>>>;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) names: Names,
    pub(super) state: watch::Sender<State>,
    pub(super) log: Audience,
    pub(super) services: Audience,
    pub(super) appends: Slot<Append, Appended>,
    pub(super) reads: Slot<Read, Page>,
    pub(super) pending: Pending,
    pub(super) counts: Counts,
}

/// A broadcast on its way out, with its share of the room for those.
#[derive(Debug)]
pub(super) struct Broadcast {
    pub(super) exchange: Arc<str>,
    pub(super) routing_key: String,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) room: OwnedSemaphorePermit,
}

/// A request on its way out, with its share of the room for those.
#[derive(Debug)]
pub(super) struct Question {
    /// The routing key, which names the kind of request.
    pub(super) key: String,
    pub(super) number: u64,
    pub(super) body: Vec<u8>,
    /// How long the caller waits for the answer.
    pub(super) patience: Duration,
    pub(super) room: OwnedSemaphorePermit,
}

impl Shared {
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            state: watch::Sender::new(State::Connecting),
            log: Audience::default(),
            services: Audience::default(),
            appends: Slot::new(None),
            reads: Slot::new(None),
            pending: Pending::default(),
            counts: Counts::default(),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        matches!(*self.state.borrow(), State::Connected)
    }

    pub(super) fn audience(&self, topic: Topic) -> &Audience {
        match topic {
            Topic::Log => &self.log,
            Topic::Services => &self.services,
        }
    }

    /// Without a connection: no broadcasts and no answers arrive any more.
    pub(super) fn disconnected(&self, state: State) {
        self.state.send_replace(state);
        self.log.bound.send_replace(false);
        self.services.bound.send_replace(false);
        self.pending.lose_all();
    }

    /// For good: subscriptions and servers end.
    pub(super) fn close(&self) {
        self.disconnected(State::Closed);
        self.log.close();
        self.services.close();
        self.appends.send_replace(None);
        self.reads.send_replace(None);
    }
}

/// The subscribers of a topic in this process.
#[derive(Debug, Default)]
pub(super) struct Audience {
    mailboxes: Mutex<Vec<Weak<Mailbox>>>,
    /// Whether there ever was a subscriber.
    pub(super) wanted: watch::Sender<bool>,
    /// Whether the broker passes it on at this moment.
    pub(super) bound: watch::Sender<bool>,
}

impl Audience {
    pub(super) fn add(&self, mailbox: Weak<Mailbox>) {
        let mut mailboxes = self.lock();
        mailboxes.retain(|mailbox| mailbox.strong_count() > 0);
        mailboxes.push(mailbox);
    }

    pub(super) fn put(&self, message: &Message) {
        self.each(|mailbox| mailbox.put(message));
    }

    pub(super) fn lose(&self) {
        self.each(Mailbox::lose);
    }

    fn close(&self) {
        self.each(Mailbox::close);
    }

    fn each(&self, act: impl Fn(&Mailbox)) {
        let mailboxes = self.lock().clone();
        mailboxes.iter().filter_map(Weak::upgrade).for_each(|mailbox| act(&mailbox));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Mailbox>>> {
        sync::lock(&self.mailboxes)
    }
}

type Reply = oneshot::Sender<Result<Vec<u8>, NoReply>>;

/// Questions that were asked and not answered yet, by their number.
#[derive(Debug, Default)]
pub(super) struct Pending {
    next: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Reply>>,
}

/// A question's place among those that wait; left when it is dropped.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    pub(super) number: u64,
    pending: &'a Pending,
}

impl Pending {
    pub(super) fn enter(&self) -> (Waiting<'_>, oneshot::Receiver<Result<Vec<u8>, NoReply>>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        self.lock().insert(number, reply);
        (Waiting { number, pending: self }, answer)
    }

    /// Whether a caller still waits for the answer.
    pub(super) fn waits(&self, number: u64) -> bool {
        self.lock().contains_key(&number)
    }

    pub(super) fn answer(&self, number: u64, answer: Result<Vec<u8>, NoReply>) {
        if let Some(reply) = self.lock().remove(&number) {
            let _gave_up = reply.send(answer);
        }
    }

    /// What was asked is not answered over a new connection.
    fn lose_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Reply>> {
        sync::lock(&self.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pending.lock().remove(&self.number);
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicU64,
    pub(super) broadcasts_dropped: AtomicU64,
    pub(super) broadcasts_skipped: AtomicU64,
    pub(super) requests_refused: AtomicU64,
    pub(super) dead_letters: AtomicU64,
    pub(super) replies_skipped: AtomicU64,
}

impl Counts {
    pub(super) fn figures(&self) -> Figures {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            connections: of(&self.connections),
            broadcasts_dropped: of(&self.broadcasts_dropped),
            broadcasts_skipped: of(&self.broadcasts_skipped),
            requests_refused: of(&self.requests_refused),
            dead_letters: of(&self.dead_letters),
            replies_skipped: of(&self.replies_skipped),
        }
    }
}

/// Counts one more.
pub(super) fn count(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
