//! A broker that delivers everything twice: RabbitMQ's tracer shows every published message, and each is published again.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer,
    message::Delivery,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use servers::RabbitMq;
use tokio::{sync::oneshot, task::JoinSet};

/// A header of what is said again, so that it is not said a third time.
const AGAIN: &str = "x-again";

/// Says everything twice until it is stopped.
pub(super) struct Twice {
    stop: oneshot::Sender<()>,
    saying: JoinSet<BTreeMap<&'static str, u32>>,
}

impl Twice {
    /// How many messages were said again: `log`, `reply`, or the name of a queue of requests.
    pub(super) async fn stop(mut self) -> BTreeMap<&'static str, u32> {
        self.stop.send(()).expect("it goes on");
        self.saying.join_next().await.expect("it goes on").expect("it has not failed")
    }
}

pub(super) async fn say_everything_twice(broker: &RabbitMq) -> Twice {
    broker.manage("PUT", "/api/vhosts/%2f", "{\"tracing\":true}").expect("the broker traces");
    let address = broker.url("%2f");
    let connection = Connection::connect(&address, ConnectionProperties::default()).await;
    let connection = connection.expect("a connection");
    let channel = connection.create_channel().await.expect("a channel");
    let heard = hear(&channel).await;
    let (stop, stopped) = oneshot::channel();
    let mut saying = JoinSet::new();
    saying.spawn(async move {
        let said = say(&channel, heard, stopped).await;
        drop(connection);
        said
    });
    Twice { stop, saying }
}

async fn hear(channel: &Channel) -> Consumer {
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), own, FieldTable::default()).await;
    let queue = queue.expect("a queue").name().clone();
    let (exchange, key) = ("amq.rabbitmq.trace".into(), "publish.#".into());
    let bind = QueueBindOptions::default();
    let bound = channel.queue_bind(queue.clone(), exchange, key, bind, FieldTable::default());
    bound.await.expect("bound to the tracer");
    let unacknowledged = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let heard = channel.basic_consume(queue, "".into(), unacknowledged, FieldTable::default());
    heard.await.expect("a consumer")
}

async fn say(
    channel: &Channel,
    mut heard: Consumer,
    mut stopped: oneshot::Receiver<()>,
) -> BTreeMap<&'static str, u32> {
    let mut said = BTreeMap::new();
    loop {
        let traced = tokio::select! {
            _ = &mut stopped => return said,
            traced = heard.next() => traced.expect("the broker goes on").expect("a message"),
        };
        let Some((exchange, key, properties)) = original(&traced) else { continue };
        let kind = match (exchange.as_str(), key.as_str()) {
            ("", key) if key.starts_with("amq.rabbitmq.reply-to") => "reply",
            ("agora.requests", "read") => "agora.eventstore.read",
            ("agora.requests", _) => "agora.eventstore.append",
            ("agora.events" | "agora.batches" | "agora.services", _) => "log",
            other => panic!("an unknown message: {other:?}"),
        };
        let options = BasicPublishOptions::default();
        let again = channel.basic_publish(exchange, key, options, &traced.data, properties);
        again.await.expect("published");
        *said.entry(kind).or_default() += 1;
    }
}

/// Exchange, routing key and properties of the message that the tracer tells of; none of one that is said again already.
fn original(traced: &Delivery) -> Option<(ShortString, ShortString, BasicProperties)> {
    let told = traced.properties.headers().as_ref().expect("the tracer's headers").inner();
    let exchange = text(told.get("exchange_name")).expect("an exchange");
    let Some(AMQPValue::FieldArray(keys)) = told.get("routing_keys") else { panic!("{told:?}") };
    let key = text(keys.as_slice().first()).expect("a routing key");
    let Some(AMQPValue::FieldTable(sent)) = told.get("properties") else { panic!("{told:?}") };
    let sent = sent.inner();
    let mut headers = match sent.get("headers") {
        Some(AMQPValue::FieldTable(headers)) => headers.clone(),
        _ => FieldTable::default(),
    };
    if headers.contains_key(AGAIN) {
        return None;
    }
    headers.insert(AGAIN.into(), AMQPValue::Boolean(true));
    let mut properties = BasicProperties::default().with_headers(headers);
    let of = |name: &str| text(sent.get(name));
    if let Some(kind) = of("content_type") {
        properties = properties.with_content_type(kind);
    }
    if let Some(number) = of("correlation_id") {
        properties = properties.with_correlation_id(number);
    }
    if let Some(queue) = of("reply_to") {
        properties = properties.with_reply_to(queue);
    }
    if let Some(patience) = of("expiration") {
        properties = properties.with_expiration(patience);
    }
    Some((exchange, key, properties))
}

fn text(value: Option<&AMQPValue>) -> Option<ShortString> {
    match value? {
        AMQPValue::LongString(text) => {
            Some(String::from_utf8_lossy(text.as_bytes()).as_ref().into())
        }
        AMQPValue::ShortString(text) => Some(text.clone()),
        _ => None,
    }
}
