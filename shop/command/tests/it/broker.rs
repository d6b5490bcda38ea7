//! The users that `deploy/broker` gives the parts of the shop, at a real RabbitMQ: what each may do, and what it may not.

mod bypasses;
mod rights;

use std::{sync::Arc, time::Duration};

use bus_rabbitmq::{Names, Options, QueueKind, RabbitMq};
use contracts::names::PREFIX;
use kernel::{
    Actor, EventId, EventType, Expected, Ids, Metadata, NewEvent, Position, Recorded, StreamId,
    Timestamp, Version,
};
use serde_json::value::RawValue;
use store::{Append, Appended, Heard, Message, Page, Read, Receiver, Requests};
use uuid::Uuid;

const EVENTS: &str = "agora.events";
const BATCHES: &str = "agora.batches";
const SERVICES: &str = "agora.services";
const REQUESTS: &str = "agora.requests";
const APPEND: &str = "agora.eventstore.append";
const READ: &str = "agora.eventstore.read";
const DEAD_LETTERS: &str = "agora.dead-letters";

fn names() -> Names {
    Names::new(PREFIX).expect("well-formed")
}

/// Longer than any fault that the tests make.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long one try waits.
const TRY: Duration = Duration::from_secs(2);

fn broker() -> &'static servers::RabbitMq {
    servers::RabbitMq::shared()
}

/// A transport to `url`, which may not be there yet.
fn begin(url: &str) -> RabbitMq {
    let options = Options {
        names: names(),
        name: "test".to_owned(),
        queues: QueueKind::Classic,
        ids: Arc::new(Ids::from_seed([7; 32])),
    };
    let (transport, driver) = RabbitMq::new(url, options).expect("an address");
    #[expect(clippy::disallowed_methods, reason = "a test's task ends with its runtime")]
    let _ends_with_the_transport = tokio::spawn(driver.run(std::future::pending()));
    transport
}

/// A transport to `url` that is connected.
async fn connect(url: &str) -> RabbitMq {
    let transport = begin(url);
    transport.connected().await.expect("the broker accepts us");
    transport
}

/// The next broadcast.
async fn next(subscription: &mut Receiver) -> Heard {
    let heard = tokio::time::timeout(PATIENCE, subscription.next()).await;
    heard.expect("a broadcast arrives").expect("the transport is there")
}

/// Answers every append with `position`, until its transport is gone.
async fn answer_appends(mut requests: Requests<Append, Appended>, position: u64) {
    loop {
        let batch = requests.next_batch(100).await;
        if batch.is_empty() {
            return;
        }
        for incoming in batch {
            incoming.answer(appended(position));
        }
    }
}

/// Answers every read with `page`, until its transport is gone.
async fn answer_reads(mut requests: Requests<Read, Page>, page: Page) {
    loop {
        let batch = requests.next_batch(100).await;
        if batch.is_empty() {
            return;
        }
        for incoming in batch {
            incoming.answer(page.clone());
        }
    }
}

/// Does `work` while `server` serves, as long as it does.
async fn while_serving<S, T>(server: impl Future<Output = S>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => done,
        _gone = server => work.await,
    }
}

fn appended(at: u64) -> Appended {
    Appended::Recorded { first: Position(at), last: Position(at), version: Version(0), time: None }
}

fn append(stream: &str) -> Append {
    Append {
        stream: StreamId::parse(stream).expect("a stream's name"),
        expected: Expected::None,
        events: Arc::from(vec![new_event(10)]),
    }
}

fn new_event(size: usize) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(1)),
        kind: EventType::parse("order.placed").expect("a type's name"),
        schema: 1,
        metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(2)),
        data: RawValue::from_string(format!("{{\"pad\":\"{}\"}}", "x".repeat(size))).expect("JSON"),
    }
}

fn event(at: u64, size: usize) -> Arc<Recorded> {
    let NewEvent { id, kind, schema, metadata, data } = new_event(size);
    Arc::new(Recorded {
        position: Position(at),
        stream: StreamId::new("order", at).expect("a name"),
        version: Version(0),
        id,
        kind,
        schema,
        time: Timestamp::from_micros(1_700_000_000_000_000),
        metadata,
        data: data.into(),
    })
}

fn recorded(at: u64) -> Message {
    Message::Recorded(Arc::from(vec![event(at, 10)]))
}
