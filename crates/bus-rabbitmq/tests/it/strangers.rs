//! Other clients of the broker: programs in other languages, and second instances.

use std::{sync::Arc, time::Duration};

use bus_rabbitmq::{Options, QueueKind, RabbitMq, State, wire::Wire};
use futures_util::StreamExt as _;
use kernel::{Ids, Position};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer,
    options::{
        BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use serde_json::{Value, json};
use store::{Append, Heard, Message, NoReply, Page, Read, Topic, Transport};

use crate::rabbit::{
    APPEND, BATCHES, DEAD_LETTERS, EVENTS, PATIENCE, READ, TRY, answer_appends, answer_reads,
    append, append_until_answered, appended, begin_with, connect, event, fresh, names, next,
    recorded, while_serving,
};

/// A program that knows AMQP and the description of the bus, and none of our code.
pub(crate) struct Stranger {
    _connection: Connection,
    channel: Channel,
    replies: Consumer,
}

impl Stranger {
    pub(crate) async fn at(url: &str) -> Self {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(url, properties).await.expect("a connection");
        let channel = connection.create_channel().await.expect("a channel");
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let replies = channel
            .basic_consume(
                "amq.rabbitmq.reply-to".into(),
                "".into(),
                options,
                FieldTable::default(),
            )
            .await
            .expect("a consumer");
        Self { _connection: connection, channel, replies }
    }

    async fn send(&self, exchange: &str, key: &str, body: &str, properties: BasicProperties) {
        let options = BasicPublishOptions::default();
        let sent = self.channel.basic_publish(
            exchange.into(),
            key.into(),
            options,
            body.as_bytes(),
            properties,
        );
        sent.await.expect("it is sent").await.expect("nothing to confirm");
    }

    /// Asks, and waits for the reply with the same number.
    async fn ask(&mut self, queue: &str, body: &str) -> Value {
        let properties = BasicProperties::default()
            .with_reply_to("amq.rabbitmq.reply-to".into())
            .with_correlation_id("my own number".into());
        self.send("", queue, body, properties).await;
        let reply = tokio::time::timeout(PATIENCE, self.replies.next()).await.expect("a reply");
        let reply = reply.expect("the consumer is there").expect("a delivery");
        let number = reply.properties.correlation_id().as_ref().map(ToString::to_string);
        assert_eq!(number.as_deref(), Some("my own number"));
        serde_json::from_slice(&reply.data).expect("JSON")
    }

    /// The number of messages waiting in a queue.
    pub(crate) async fn waiting(&self, queue: &str) -> u32 {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let asked = self.channel.queue_declare(queue.into(), passive, FieldTable::default());
        asked.await.expect("the queue is there").message_count()
    }

    /// Takes a message out of a queue once there is one.
    async fn take(&self, queue: &str) -> (BasicProperties, Vec<u8>) {
        let looking = async {
            loop {
                let options = BasicGetOptions { no_ack: true };
                let got = self.channel.basic_get(queue.into(), options).await.expect("a queue");
                if let Some(message) = got {
                    return (message.delivery.properties, message.delivery.data);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("a message")
    }
}

#[tokio::test]
async fn a_program_in_another_language_can_append_read_and_listen() {
    let url = fresh();
    let ours = connect(&url).await;
    let mut stranger = Stranger::at(&url).await;
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let own = stranger.channel.queue_declare("mine".into(), exclusive, FieldTable::default());
    own.await.expect("a queue of its own");
    let bound = stranger.channel.queue_bind(
        "mine".into(),
        EVENTS.into(),
        "account.#".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.expect("the exchange is there");

    let appends = answer_appends(ours.serve_appends().await, 7);
    let page =
        Page { events: vec![event(7, 10)], head: Position(9), next: Position(8), end: false };
    let reads = answer_reads(ours.serve_reads().await, page);
    let serving = async { tokio::join!(appends, reads) };
    let asking = async {
        let body = json!({
            "stream": "account-1", "expected": "none",
            "events": [{
                "id": "0190c7f2-8b1e-7c3a-9f00-1234567890ab", "type": "account.opened",
                "schema": 1, "data": {}
            }],
        });
        let reply = stranger.ask(APPEND, &body.to_string()).await;
        assert_eq!(reply, json!({ "result": "appended", "first": 7, "last": 7, "version": 0 }));
        let reply = stranger.ask(READ, r#"{"position":1}"#).await;
        assert_eq!((&reply["head"], &reply["end"]), (&json!(9), &json!(false)));
        assert_eq!(reply["events"][0]["type"], "bank.account.opened");
    };
    while_serving(serving, asking).await;

    ours.publish(recorded(7)).await;
    let (properties, body) = stranger.take("mine").await;
    let said: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        (&said["specversion"], &said["position"], &said["subject"]),
        (&json!("1.0"), &json!(7), &json!("account-7"))
    );
    let kind = properties.content_type().as_ref().map(ToString::to_string);
    assert_eq!(kind.as_deref(), Some("application/cloudevents+json"));
}

#[tokio::test]
async fn requests_that_are_none_are_refused_or_become_dead_letters_and_others_go_on() {
    let url = fresh();
    let ours = connect(&url).await;
    let mut stranger = Stranger::at(&url).await;
    let appends = answer_appends(ours.serve_appends().await, 7);
    let page = Page { events: Vec::new(), head: Position(0), next: Position(1), end: true };
    let reads = answer_reads(ours.serve_reads().await, page);
    let serving = async { tokio::join!(appends, reads) };
    let asking = async {
        for queue in [APPEND, READ] {
            let reply = stranger.ask(queue, "{ this is no JSON").await;
            assert_eq!(reply["result"], "refused");
            assert!(reply["reason"].as_str().is_some_and(|why| why.contains("line 1")), "{reply}");
        }
        stranger.send("", APPEND, r#"{"stream":"x"}"#, BasicProperties::default()).await;
        let (properties, body) = stranger.take(DEAD_LETTERS).await;
        assert_eq!(body, br#"{"stream":"x"}"#);
        let headers = properties.headers().clone().expect("headers");
        let header = |name: &str| match headers.inner().get(name) {
            Some(AMQPValue::LongString(text)) => text.to_string(),
            other => panic!("{name} is {other:?}"),
        };
        assert_eq!(header("queue"), APPEND);
        assert_eq!(header("reason"), "missing field `expected` at line 1 column 14");
        assert_eq!(append_until_answered(&ours).await.0, appended(7));
    };
    while_serving(serving, asking).await;
    let figures = ours.figures();
    assert_eq!((figures.requests_refused, figures.dead_letters), (2, 1));
}

#[tokio::test]
async fn broadcasts_that_are_none_are_skipped_and_counted_and_others_are_heard() {
    let url = fresh();
    let ours = connect(&url).await;
    let stranger = Stranger::at(&url).await;
    let mut log = ours.subscribe(Topic::Log).await;
    for (exchange, key, body) in [
        (BATCHES, "system.recorded", "no JSON"),
        (BATCHES, "system.recorded", r#"[{"specversion":"1.0"}]"#),
        (EVENTS, "system.head", r#"{"position":"seven"}"#),
        (EVENTS, "system.of-tomorrow", r#"{"anything":1}"#),
        (EVENTS, "system.head", r#"{"position":7}"#),
    ] {
        stranger.send(exchange, key, body, BasicProperties::default()).await;
    }
    let heard = next(&mut log).await;
    assert!(matches!(heard, Heard::Message(Message::Head(Position(7)))), "{heard:?}");
    // A word of the system's that is not known yet is none that is wrong.
    assert_eq!(ours.figures().broadcasts_skipped, 3);
}

#[tokio::test]
async fn a_reply_that_is_none_leaves_no_reply() {
    let url = fresh();
    let (ours, stranger) = (connect(&url).await, Stranger::at(&url).await);
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let consuming =
        stranger.channel.basic_consume(APPEND.into(), "".into(), options, FieldTable::default());
    let mut requests = consuming.await.expect("a consumer");
    let serving = async {
        let request = requests.next().await.expect("a request").expect("a delivery");
        assert_eq!(
            Append::decode(&request.data, &names()).expect("an append").stream.as_str(),
            "account-1"
        );
        let number = request.properties.correlation_id().clone().expect("a number");
        let way_back = request.properties.reply_to().as_ref().expect("a way back").to_string();
        let properties = BasicProperties::default().with_correlation_id(number);
        stranger.send("", &way_back, r#"{"result":"perhaps"}"#, properties).await;
    };
    let (answer, ()) = tokio::join!(ours.append(append("account-1"), PATIENCE), serving);
    assert_eq!(answer, Err(NoReply::Lost));
    assert_eq!(ours.figures().replies_skipped, 1);
}

#[tokio::test]
async fn of_two_event_stores_one_is_active_and_the_other_takes_over() {
    for kind in [QueueKind::Classic, QueueKind::Quorum] {
        let url = fresh();
        let client = begin_with(&url, kind);
        let (first, second) = (begin_with(&url, kind), begin_with(&url, kind));
        for transport in [&client, &first, &second] {
            transport.connected().await.expect("the broker accepts us");
        }
        let active = answer_appends(first.serve_appends().await, 1);
        let asking = async {
            assert_eq!(append_until_answered(&client).await.0, appended(1));
            let waiting = answer_appends(second.serve_appends().await, 2);
            let asking_on = async {
                for _ in 0..50 {
                    assert_eq!(append_until_answered(&client).await.0, appended(1));
                }
                drop(first);
                assert_eq!(append_until_answered(&client).await.0, appended(2));
            };
            while_serving(waiting, asking_on).await;
        };
        while_serving(active, asking).await;
    }
}

#[tokio::test]
async fn several_event_stores_share_the_reads() {
    let url = fresh();
    let (client, first, second) = (connect(&url).await, connect(&url).await, connect(&url).await);
    let page =
        |head| Page { events: Vec::new(), head: Position(head), next: Position(1), end: true };
    let reads = (
        answer_reads(first.serve_reads().await, page(1)),
        answer_reads(second.serve_reads().await, page(2)),
    );
    let serving = async { tokio::join!(reads.0, reads.1) };
    let asking = async {
        let mut heads = std::collections::BTreeSet::new();
        while heads.len() < 2 {
            let all = Read::All { from: Position(1), categories: Vec::new() };
            if let Ok(page) = client.read(all, TRY).await {
                heads.insert(page.head);
            }
        }
    };
    let both = tokio::time::timeout(PATIENCE, while_serving(serving, asking)).await;
    both.expect("both are asked");
}

#[tokio::test]
async fn a_page_of_a_mebibyte_passes() {
    let url = fresh();
    let (client, server) = (connect(&url).await, connect(&url).await);
    let events = (1..=1000).map(|at| event(at, 1024)).collect();
    let page = Page { events, head: Position(1000), next: Position(1001), end: true };
    let reads = answer_reads(server.serve_reads().await, page.clone());
    let all = Read::All { from: Position(1), categories: Vec::new() };
    let read = while_serving(reads, client.read(all, PATIENCE)).await.expect("a page");
    assert_eq!(format!("{read:?}"), format!("{page:?}"));
}

#[tokio::test]
async fn a_stopped_transport_ends_its_subscriptions_and_servers() {
    let options = Options {
        names: names(),
        name: "test".to_owned(),
        queues: QueueKind::Classic,
        ids: Arc::new(Ids::from_seed([1; 32])),
    };
    let (transport, driver) = RabbitMq::new(&fresh(), options).expect("an address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let using = async {
        transport.connected().await.expect("the broker accepts us");
        let mut log = transport.subscribe(Topic::Log).await;
        let mut appends = transport.serve_appends().await;
        stop.send(()).expect("the driver runs");
        assert!(log.next().await.is_none());
        assert!(appends.next_batch(1).await.is_empty());
        assert_eq!(transport.append(append("account-1"), TRY).await, Err(NoReply::Unreachable));
        assert_eq!(transport.state(), State::Closed);
    };
    let driving = driver.run(async { drop(stopped.await) });
    let both = async { tokio::join!(driving, using) };
    tokio::time::timeout(PATIENCE, both).await.expect("all ends");
}
