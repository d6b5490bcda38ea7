//! The transport between processes, over RabbitMQ.
//!
//! Use it where a system is more than one process, or where programs in other languages take part: every message is JSON
//! (`CloudEvents` for events, see [`wire`]). It promises what `store::Transport` does and no more: broadcasts may be lost, repeated or
//! reordered, so do not use it as a work queue; subscribers catch up from the event store. A system in one process needs no broker:
//! `store::Memory` does the same within it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use bus_rabbitmq::{Names, Options, QueueKind, RabbitMq};
//! use kernel::Ids;
//! use store::{Topic, Transport};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options {
//!     names: Names::new("bank")?, // exchanges and queues begin with it
//!     name: "bank accounts".to_owned(),
//!     queues: QueueKind::Classic,
//!     ids: Arc::new(Ids::from_seed([0; 32])), // secret randomness in production
//! };
//! let (bus, driver) = RabbitMq::new("amqp://bank:secret@localhost:5672/bank", options)?;
//! tokio::spawn(driver.run(std::future::pending())); // keeps the connection
//! bus.connected().await?;
//! let mut log = bus.subscribe(Topic::Log).await;
//! while let Some(heard) = log.next().await {
//!     println!("{heard:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//!  publish ──▶ [ room ] ──▶ broadcasting ──▶ PREFIX.batches … ──▶ exclusive queue ──▶ hearing ──▶ mailboxes
//!  append ──▶ [ room ] ──▶ asking ──▶ PREFIX.requests ──▶ PREFIX.eventstore.append ──▶ serving ──▶ Requests
//!    ▲                        ▲                                                        │
//!    └──── pending, by number ┴────────────────── direct reply-to ◀────────────────────┘
//!
//!  driver: connect ─▶ session (all of the above) ─▶ lost: no answers come, subscribers learn it ─▶ pause ─▶ connect …
//! ```

#![deny(missing_docs)]

mod address;
mod consuming;
mod driver;
mod names;
mod options;
mod outgoing;
mod publishing;
mod rpc_client;
mod rpc_server;
mod session;
mod shared;
mod state;
mod topology;
mod trust;
pub mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::Recorded;
use tokio::{
    sync::{Semaphore, mpsc},
    time::timeout,
};

pub use address::BadAddress;
pub use driver::Driver;
pub use names::{BadPrefix, Names};
pub use options::{Options, QueueKind};
pub use state::{Figures, Refused, State};

use self::wire::Wire;
use self::{
    address::Address,
    shared::{Audience, Broadcast, Question, Shared, Slot, count},
    trust::Keyed,
};
use store::{
    Append, Appended, Link, Message, NoReply, Page, Read, Receiver, Requests, Topic, Transport,
};

/// Broadcasts on their way to the broker, in KiB, each with at least one: some seconds of heavy traffic.
const BROADCASTS_KIB_MAX: usize = 16 << 10;
/// Requests on their way to the broker, in KiB, each with at least one.
const QUESTIONS_KIB_MAX: usize = 32 << 10;
/// Questions of this process that wait for their answers; each may be a page of 1 MiB.
const REQUESTS_AT_ONCE: usize = 1024;
/// A broadcast that the broker does not take within this time is dropped: the event store must not wait for it.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(1);
/// A subscriber that waits longer than this for the broker learns later that it missed something.
const SUBSCRIBE_PATIENCE: Duration = Duration::from_secs(5);
/// Questions waiting for a server in this process: twice what the broker hands out without an answer, for those handed out once
/// more after the connection was lost.
const REQUESTS_MAX: usize = 2 * rpc_server::PREFETCH as usize;

/// Events go together up to so many bytes; a larger one goes alone.
const BATCH_BYTES_MAX: usize = 256 << 10;

/// A transport over RabbitMQ. Its work is done by its [`Driver`], which keeps reconnecting; without a connection broadcasts are
/// dropped and requests fail at once.
#[derive(Debug)]
pub struct RabbitMq {
    shared: Arc<Shared>,
    broadcasts: mpsc::Sender<Broadcast>,
    broadcasts_room: Arc<Semaphore>,
    questions: mpsc::Sender<Question>,
    questions_room: Arc<Semaphore>,
    rpc_client: Semaphore,
}

impl RabbitMq {
    /// A transport to the broker at `url` (`amqp://user:password@host:port/vhost`), and its driver, to be run by a task. Connects
    /// nowhere yet, so the only error is an invalid address.
    pub fn new(url: &str, options: Options) -> Result<(Self, Driver), BadAddress> {
        let address = Address::parse(url)?;
        let shared = Arc::new(Shared::new(options.names.clone()));
        let (broadcasts, broadcasts_out) = mpsc::channel(BROADCASTS_KIB_MAX);
        let (questions, questions_out) = mpsc::channel(QUESTIONS_KIB_MAX);
        let driver = Driver::new(
            address,
            options,
            Arc::clone(&shared),
            outgoing::Outgoing { broadcasts: broadcasts_out, questions: questions_out },
        );
        let transport = Self {
            shared,
            broadcasts,
            broadcasts_room: Arc::new(Semaphore::new(BROADCASTS_KIB_MAX)),
            questions,
            questions_room: Arc::new(Semaphore::new(QUESTIONS_KIB_MAX)),
            rpc_client: Semaphore::new(REQUESTS_AT_ONCE),
        };
        Ok((transport, driver))
    }

    /// The state of the connection to the broker.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state.borrow().clone()
    }

    /// Waits until connected to the broker; an error if it refuses us. A caller that does not want to give up calls again.
    pub async fn connected(&self) -> Result<(), Refused> {
        let mut states = self.shared.state.subscribe();
        loop {
            match &*states.borrow_and_update() {
                State::Connected => return Ok(()),
                State::Refused(why) => return Err(Refused(why.clone())),
                State::Closed => return Err(Refused("the bus is closed".to_owned())),
                State::Connecting | State::Unreachable(_) => {}
            }
            if states.changed().await.is_err() {
                return Err(Refused("the bus is closed".to_owned()));
            }
        }
    }

    /// What was counted.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared.counts.figures()
    }

    fn names(&self) -> &Names {
        &self.shared.names
    }

    async fn send(
        &self,
        exchange: &Arc<str>,
        routing_key: String,
        content_type: &'static str,
        body: Vec<u8>,
    ) {
        let room = Arc::clone(&self.broadcasts_room).acquire_many_owned(kib(body.len()));
        let Ok(room) = room.await else { return };
        let exchange = Arc::clone(exchange);
        let broadcast = Broadcast { exchange, routing_key, content_type, body, room };
        if self.broadcasts.send(broadcast).await.is_err() {
            count(&self.shared.counts.broadcasts_dropped);
        }
    }

    async fn send_all(&self, message: &Message) {
        let names = self.names();
        match message {
            Message::Recorded(events) => self.send_events(events).await,
            Message::Head(head) => {
                let key = wire::HEAD.to_owned();
                self.send(&names.events, key, wire::JSON, head.encode(names)).await;
            }
            Message::Service(announcement) => {
                let key = wire::service_key(&announcement.name);
                self.send(&names.services, key, wire::JSON, announcement.encode(names)).await;
            }
        }
    }

    /// Sends them together for our own services, which want all; then each by itself, for subscribers that want some.
    async fn send_events(&self, events: &[Arc<Recorded>]) {
        let names = self.names();
        let encoded: Vec<Vec<u8>> = events.iter().map(|event| event.encode(names)).collect();
        let mut rest = encoded.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|event| {
                bytes += event.len();
                bytes <= BATCH_BYTES_MAX
            });
            let (batch, further) = rest.split_at(fits.count().max(1));
            let key = wire::RECORDED.to_owned();
            self.send(&names.batches, key, wire::CLOUDEVENTS, wire::batch(batch)).await;
            rest = further;
        }
        for (event, body) in events.iter().zip(encoded) {
            self.send(&names.events, wire::routing_key(event), wire::CLOUDEVENT, body).await;
        }
    }

    async fn ask<A: Wire>(
        &self,
        question: &(impl Wire + Keyed),
        patience: Duration,
    ) -> Result<A, NoReply> {
        if !self.shared.is_connected() {
            return Err(NoReply::Unreachable);
        }
        let body = question.encode(self.names());
        let exchange = self.exchange(question.key(), body, patience);
        let reply = timeout(patience, exchange).await.unwrap_or(Err(NoReply::TimedOut))?;
        A::decode(&reply, self.names()).map_err(|malformed| {
            count(&self.shared.counts.replies_skipped);
            tracing::warn!(%malformed, "cannot parse a reply of the event store");
            NoReply::Lost
        })
    }

    async fn exchange(
        &self,
        key: String,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<Vec<u8>, NoReply> {
        let closed = |_| NoReply::Unreachable;
        let _one_of_them = self.rpc_client.acquire().await.map_err(closed)?;
        let room = Arc::clone(&self.questions_room).acquire_many_owned(kib(body.len()));
        let room = room.await.map_err(closed)?;
        let (waiting, answer) = self.shared.pending.enter();
        let question = Question { key, number: waiting.number, body, patience, room };
        self.questions.send(question).await.map_err(|_| NoReply::Unreachable)?;
        answer.await.unwrap_or(Err(NoReply::Lost))
    }
}

#[async_trait]
impl Transport for RabbitMq {
    async fn subscribe(&self, topic: Topic) -> Receiver {
        let audience = self.shared.audience(topic);
        audience.wanted.send_replace(true);
        if self.shared.is_connected() {
            // A subscriber added before the broker routes the topic is then told that it missed messages, which is true.
            let _too_late = timeout(SUBSCRIBE_PATIENCE, self.is_bound(audience)).await;
        }
        let (subscription, mailbox) = Receiver::new(topic);
        audience.add(mailbox);
        subscription
    }

    async fn publish(&self, message: Message) {
        let sent = self.shared.is_connected()
            && timeout(PUBLISH_PATIENCE, self.send_all(&message)).await.is_ok();
        if !sent {
            count(&self.shared.counts.broadcasts_dropped);
        }
    }

    async fn append(&self, append: Append, timeout: Duration) -> Result<Appended, NoReply> {
        self.ask(&append, timeout).await
    }

    async fn read(&self, read: Read, timeout: Duration) -> Result<Page, NoReply> {
        self.ask(&read, timeout).await
    }

    async fn serve_appends(&self) -> Requests<Append, Appended> {
        serve(&self.shared.appends)
    }

    async fn serve_reads(&self) -> Requests<Read, Page> {
        serve(&self.shared.reads)
    }

    fn link(&self) -> Link {
        Link { engine: "RabbitMQ", connected: self.shared.is_connected() }
    }
}

impl RabbitMq {
    /// Returns once the broker routes the topic of `audience`, or is gone.
    async fn is_bound(&self, audience: &Audience) {
        let (mut bound, mut states) = (audience.bound.subscribe(), self.shared.state.subscribe());
        let gone = states.wait_for(|state| *state != State::Connected);
        tokio::select! {
            biased;
            _bound = bound.wait_for(|bound| *bound) => {}
            _gone = gone => {}
        }
    }
}

fn serve<Q, A>(slot: &Slot<Q, A>) -> Requests<Q, A> {
    let (sender, receiver) = mpsc::channel(REQUESTS_MAX);
    slot.send_replace(Some(sender));
    Requests::new(receiver)
}

/// A message's share of the room for its kind; one that is larger than all of it takes it all.
fn kib(bytes: usize) -> u32 {
    let kib = (bytes / 1024 + 1).min(BROADCASTS_KIB_MAX);
    u32::try_from(kib).unwrap_or(u32::MAX)
}
