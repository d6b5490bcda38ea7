//! The suite that every transport passes: the contract of [`Transport`], as checks.

use std::{sync::Arc, time::Duration};

use kernel::{
    Actor, EventId, EventType, Expected, Metadata, NewEvent, Position, Recorded, StreamId,
    Timestamp, Version,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Append, Appended, Heard, Message, NoReply, Page, Read, Receiver, Topic, Transport};

/// Long enough for any transport that works.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs every check against transports made by `make`, each on a fresh one.
pub async fn suite<T: Transport, F: Future<Output = T>>(make: impl Fn() -> F) {
    a_subscriber_hears_what_is_published_after_it_subscribed(&make().await).await;
    a_topic_is_heard_only_by_its_subscribers(&make().await).await;
    a_sleeping_subscriber_loses_messages_and_is_told(&make().await).await;
    a_request_is_answered_by_who_serves(&make().await).await;
    a_request_that_nobody_serves_ends(&make().await).await;
    a_server_that_dies_with_the_question_leaves_no_reply(&make().await).await;
    a_new_server_takes_over(&make().await).await;
    what_is_given_up_is_not_served(&make().await).await;
}

async fn a_subscriber_hears_what_is_published_after_it_subscribed(transport: &impl Transport) {
    transport.publish(recorded(1, 10)).await;
    let mut subscription = transport.subscribe(Topic::Log).await;
    transport.publish(recorded(2, 10)).await;
    transport.publish(Message::Head(Position(2))).await;
    // A broadcast from before may still be on its way.
    while position(&next(&mut subscription).await) < Position(2) {}
    assert_eq!(position(&next(&mut subscription).await), Position(2));
}

async fn a_topic_is_heard_only_by_its_subscribers(transport: &impl Transport) {
    let mut services = transport.subscribe(Topic::Services).await;
    transport.publish(recorded(1, 10)).await;
    transport.publish(Message::Service(Arc::new(announcement("account")))).await;
    let Heard::Message(Message::Service(heard)) = next(&mut services).await else {
        panic!("an announcement is heard first")
    };
    assert_eq!(heard.name, "account");
}

async fn a_sleeping_subscriber_loses_messages_and_is_told(transport: &impl Transport) {
    let mut subscription = transport.subscribe(Topic::Log).await;
    for at in 1..=5_000 {
        transport.publish(recorded(at, 1_000)).await;
    }
    all_has_arrived(transport).await;
    let mut lost = false;
    let mut last = Position::START;
    while last < Position(5_000) && !lost {
        match next(&mut subscription).await {
            Heard::Lost => lost = true,
            heard @ Heard::Message(_) => last = position(&heard),
        }
    }
    assert!(lost, "5,000 large broadcasts do not fit into a bounded queue");
    transport.publish(recorded(5_001, 10)).await;
    while position(&next(&mut subscription).await) < Position(5_001) {}
}

async fn a_request_is_answered_by_who_serves(transport: &impl Transport) {
    let mut appends = transport.serve_appends().await;
    let mut reads = transport.serve_reads().await;
    let server = async {
        for incoming in appends.next_batch(10).await {
            assert_eq!(incoming.question.stream.as_str(), "depot-1");
            assert_eq!(incoming.question.events.len(), 1);
            incoming.answer(recorded_at(7));
        }
        for incoming in reads.next_batch(10).await {
            incoming.answer(Page {
                events: vec![event(7, 10)],
                head: Position(7),
                next: Position(8),
                end: true,
            });
        }
    };
    let client = async {
        assert_eq!(transport.append(append(), PATIENCE).await, Ok(recorded_at(7)));
        let page =
            transport.read(Read::All { from: Position(1), categories: Vec::new() }, PATIENCE).await;
        let page = page.expect("an answer");
        assert_eq!(
            (page.events.len(), page.head, page.next, page.end),
            (1, Position(7), Position(8), true)
        );
        assert_eq!(
            page.events.first().map(|event| event.data.get().to_owned()),
            Some(event(7, 10).data.get().to_owned())
        );
    };
    tokio::join!(server, client);
}

async fn a_request_that_nobody_serves_ends(transport: &impl Transport) {
    assert!(transport.append(append(), Duration::from_millis(50)).await.is_err());
}

async fn a_server_that_dies_with_the_question_leaves_no_reply(transport: &impl Transport) {
    let mut appends = transport.serve_appends().await;
    // One that is delivered too late is gone: then there is nothing to die with.
    let dying = async move { drop(appends.next_batch(10).await) };
    let server = async { drop(tokio::time::timeout(PATIENCE, dying).await) };
    let asked = transport.append(append(), Duration::from_secs(2));
    let (answer, ()) = tokio::join!(asked, server);
    assert!(matches!(answer, Err(NoReply::Lost | NoReply::TimedOut)), "{answer:?}");
}

async fn a_new_server_takes_over(transport: &impl Transport) {
    drop(transport.serve_appends().await);
    let mut successor = transport.serve_appends().await;
    let server = async {
        for incoming in successor.next_batch(10).await {
            incoming.answer(recorded_at(1));
        }
    };
    let (answer, ()) = tokio::join!(transport.append(append(), PATIENCE), server);
    assert_eq!(answer, Ok(recorded_at(1)));
}

async fn what_is_given_up_is_not_served(transport: &impl Transport) {
    let mut appends = transport.serve_appends().await;
    for _ in 0..20 {
        let given_up = transport.append(append(), Duration::from_millis(20)).await;
        assert_eq!(given_up, Err(NoReply::TimedOut));
    }
    let server = async {
        let mut served = 0;
        // A question that arrived a moment ago may still be served: not all of them did.
        while served < 20 {
            for incoming in appends.next_batch(10).await {
                served += 1;
                incoming.answer(recorded_at(1));
            }
        }
        panic!("what was given up is served");
    };
    let answer = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        transport.append(append(), PATIENCE).await
    };
    tokio::select! {
        () = server => {}
        answer = answer => assert_eq!(answer, Ok(recorded_at(1))),
    }
}

/// Waits until what was published so far has reached the subscribers, as far as it will.
async fn all_has_arrived(transport: &impl Transport) {
    const MARK: Position = Position(1_000_000);
    let mut witness = transport.subscribe(Topic::Log).await;
    transport.publish(Message::Head(MARK)).await;
    while position(&next(&mut witness).await) != MARK {}
}

async fn next(subscription: &mut Receiver) -> Heard {
    let heard = tokio::time::timeout(PATIENCE, subscription.next()).await;
    heard.expect("a broadcast arrives").expect("the transport is there")
}

fn position(heard: &Heard) -> Position {
    match heard {
        Heard::Message(Message::Recorded(batch)) => {
            batch.last().map_or(Position::START, |event| event.position)
        }
        Heard::Message(Message::Head(head)) => *head,
        Heard::Message(Message::Service(_)) | Heard::Lost => Position::START,
    }
}

fn recorded_at(at: u64) -> Appended {
    Appended::Recorded { first: Position(at), last: Position(at), version: Version(0), time: None }
}

fn recorded(at: u64, size: usize) -> Message {
    Message::Recorded(Arc::from(vec![event(at, size)]))
}

fn event(at: u64, size: usize) -> Arc<Recorded> {
    let NewEvent { id, kind, schema, metadata, data } = new_event(size);
    Arc::new(Recorded {
        position: Position(at),
        stream: StreamId::new("depot", at).expect("a name"),
        version: Version(0),
        id,
        kind,
        schema,
        time: Timestamp::from_micros(1_700_000_000_000_000),
        metadata,
        data: data.into(),
    })
}

fn append() -> Append {
    Append {
        stream: StreamId::new("depot", 1).expect("a name"),
        expected: Expected::None,
        events: Arc::from(vec![new_event(10)]),
    }
}

fn new_event(size: usize) -> NewEvent {
    NewEvent {
        id: EventId(Uuid::from_u128(1)),
        kind: EventType::parse("depot.opened").expect("a type's name"),
        schema: 1,
        metadata: Metadata::of(Actor::anonymous(), Uuid::from_u128(2)),
        data: RawValue::from_string(format!("{{\"pad\":\"{}\"}}", "x".repeat(size))).expect("JSON"),
    }
}

fn announcement(name: &str) -> crate::Announcement {
    crate::Announcement {
        name: name.to_owned(),
        instance: "1".to_owned(),
        address: crate::Address::Local,
        routes: vec![format!("/{name}")],
        version: "0".to_owned(),
        ready: true,
        trouble: None,
        warnings: Vec::new(),
        slow: None,
        clock: None,
        model: None,
        lag: std::collections::BTreeMap::default(),
        set_aside: 0,
        throughput: 0.0,
        balances: Vec::new(),
        reads: std::collections::BTreeMap::default(),
    }
}
