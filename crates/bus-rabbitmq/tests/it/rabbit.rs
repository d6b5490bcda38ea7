//! Transports over a real RabbitMQ, each test in a virtual host of its own.

use std::{sync::Arc, time::Duration};

use bus_rabbitmq::{Names, Options, QueueKind, RabbitMq};
use kernel::{
    Actor, EventId, EventType, Expected, Ids, Metadata, NewEvent, Position, Recorded, StreamId,
    Timestamp, Version,
};
use serde_json::value::RawValue;
use store::{Append, Appended, Heard, Message, NoReply, Page, Read, Receiver, Requests, Transport};
use uuid::Uuid;

/// Longer than any fault that the tests make.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// How long one try waits.
pub(crate) const TRY: Duration = Duration::from_secs(2);

pub(crate) const EVENTS: &str = "bank.events";
pub(crate) const BATCHES: &str = "bank.batches";
pub(crate) const APPEND: &str = "bank.eventstore.append";
pub(crate) const READ: &str = "bank.eventstore.read";
pub(crate) const DEAD_LETTERS: &str = "bank.dead-letters";

/// What the system of the tests calls its own.
pub(crate) fn names() -> Names {
    Names::new("bank").expect("well-formed")
}

pub(crate) fn broker() -> &'static servers::RabbitMq {
    servers::RabbitMq::shared()
}

/// A transport to `url`, which may not be there yet.
pub(crate) fn begin(url: &str) -> RabbitMq {
    begin_with(url, QueueKind::Classic)
}

pub(crate) fn begin_with(url: &str, queues: QueueKind) -> RabbitMq {
    begin_as(names(), url, queues)
}

/// A transport of the system with these names.
pub(crate) fn begin_as(names: Names, url: &str, queues: QueueKind) -> RabbitMq {
    let (name, ids) = ("test".to_owned(), Arc::new(Ids::from_seed([7; 32])));
    let options = Options { names, name, queues, ids };
    let (transport, driver) = RabbitMq::new(url, options).expect("an address");
    #[expect(clippy::disallowed_methods, reason = "a test's task ends with its runtime")]
    let _ends_with_the_transport = tokio::spawn(driver.run(std::future::pending()));
    transport
}

/// A transport to `url` that is connected.
pub(crate) async fn connect(url: &str) -> RabbitMq {
    let transport = begin(url);
    transport.connected().await.expect("the broker accepts us");
    transport
}

/// The address of a fresh virtual host.
pub(crate) fn fresh() -> String {
    broker().url(&broker().vhost().expect("a virtual host"))
}

/// The next broadcast.
pub(crate) async fn next(subscription: &mut Receiver) -> Heard {
    let heard = tokio::time::timeout(PATIENCE, subscription.next()).await;
    heard.expect("a broadcast arrives").expect("the transport is there")
}

/// Says the head again and again until it is heard at `subscription`; whether it was said before that something was lost.
pub(crate) async fn hears_again(from: &RabbitMq, subscription: &mut Receiver) -> bool {
    const MARK: Position = Position(1_000_000);
    let mut lost = false;
    let hearing = async {
        loop {
            from.publish(Message::Head(MARK)).await;
            match tokio::time::timeout(Duration::from_millis(50), subscription.next()).await {
                Ok(Some(Heard::Message(Message::Head(MARK)))) => return,
                Ok(Some(Heard::Lost)) => lost = true,
                Ok(Some(Heard::Message(_))) | Err(_) => {}
                Ok(None) => panic!("the transport is there"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("broadcasts are heard again");
    lost
}

/// Asks until there is an answer, as every client does; the failures before it.
pub(crate) async fn append_until_answered(from: &RabbitMq) -> (Appended, Vec<NoReply>) {
    let mut failures = Vec::new();
    let asking = async {
        loop {
            match from.append(append("account-1"), TRY).await {
                Ok(answer) => return answer,
                Err(failure) => failures.push(failure),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await.expect("an answer in the end");
    (answer, failures)
}

/// Answers every append with `position`, until its transport is gone.
pub(crate) async fn answer_appends(mut requests: Requests<Append, Appended>, position: u64) {
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
pub(crate) async fn answer_reads(mut requests: Requests<Read, Page>, page: Page) {
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
pub(crate) async fn while_serving<S, T>(
    server: impl Future<Output = S>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => done,
        _gone = server => work.await,
    }
}

pub(crate) fn appended(at: u64) -> Appended {
    Appended::Recorded { first: Position(at), last: Position(at), version: Version(0), time: None }
}

pub(crate) fn append(stream: &str) -> Append {
    Append {
        stream: StreamId::parse(stream).expect("a stream's name"),
        expected: Expected::None,
        events: Arc::from(vec![new_event(10)]),
    }
}

pub(crate) fn new_event(size: usize) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(1)),
        kind: EventType::parse("account.opened").expect("a type's name"),
        schema: 1,
        metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(2)),
        data: RawValue::from_string(format!("{{\"pad\":\"{}\"}}", "x".repeat(size))).expect("JSON"),
    }
}

pub(crate) fn event(at: u64, size: usize) -> Arc<Recorded> {
    let NewEvent { id, kind, schema, metadata, data } = new_event(size);
    Arc::new(Recorded {
        position: Position(at),
        stream: StreamId::new("account", at).expect("a name"),
        version: Version(0),
        id,
        kind,
        schema,
        time: Timestamp::from_micros(1_700_000_000_000_000),
        metadata,
        data: data.into(),
    })
}

pub(crate) fn recorded(at: u64) -> Message {
    Message::Recorded(Arc::from(vec![event(at, 10)]))
}

#[tokio::test]
async fn the_transport_over_rabbitmq_keeps_the_contract() {
    store::conformance::transport::suite(async || connect(&fresh()).await).await;
}

#[tokio::test]
async fn the_transport_over_quorum_queues_keeps_the_contract() {
    store::conformance::transport::suite(async || {
        let transport = begin_with(&fresh(), QueueKind::Quorum);
        transport.connected().await.expect("the broker accepts us");
        transport
    })
    .await;
}
