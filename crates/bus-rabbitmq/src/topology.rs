//! Exchanges and queues at the broker: declared alike by all users with the right to, and checked passively by the others.

use lapin::{
    Channel, Connection, Error, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable, ShortString},
};

use super::{Names, QueueKind, trust};
use crate::wire;
use store::Topic;

/// What announcements of all services are bound by.
const ALL_SERVICES: &str = "system.service.#";

/// Broadcasts waiting for one process; more than a subscriber's own share, so that a slow subscriber loses messages first, and learns of it.
const BROADCASTS_MAX: u32 = 20_000;
const BROADCASTS_BYTES_MAX: u32 = 32 << 20;
/// Requests waiting for the event store: more than all clients together may have on the way at once.
const REQUESTS_MAX: u32 = 10_000;
/// No client waits longer for an answer; clients set their own, shorter expiration.
const REQUEST_TTL_MS: u32 = 30_000;
/// Dead letters kept for inspection; the oldest are dropped first.
const DEAD_LETTERS_MAX: u32 = 10_000;

/// Declares what is shared. Where only the event store's user may, the others need it to be there.
pub(super) async fn declare(
    connection: &Connection,
    names: &Names,
    kind: QueueKind,
) -> Result<(), Error> {
    match declare_all(&connection.create_channel().await?, names, kind).await {
        Err(error) if is_refused(&error) => {
            let looking = ExchangeDeclareOptions { passive: true, ..Default::default() };
            declare_exchanges(&connection.create_channel().await?, names, looking).await
        }
        declared => declared,
    }
}

/// Whether the broker refused because of missing rights.
fn is_refused(error: &Error) -> bool {
    let ErrorKind::ProtocolError(said) = error.kind() else { return false };
    matches!(said.kind(), AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED))
}

async fn declare_exchanges(
    channel: &Channel,
    names: &Names,
    options: ExchangeDeclareOptions,
) -> Result<(), Error> {
    for exchange in [&names.events, &names.batches, &names.services, &names.requests] {
        let kind = ExchangeKind::Topic;
        channel.exchange_declare(short(exchange), kind, options, FieldTable::default()).await?;
    }
    Ok(())
}

async fn declare_all(channel: &Channel, names: &Names, kind: QueueKind) -> Result<(), Error> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    declare_exchanges(channel, names, durable).await?;
    let mut requests = bounds(kind, REQUESTS_MAX, "reject-publish");
    requests.insert("x-message-ttl".into(), number(REQUEST_TTL_MS));
    let mut appends = requests.clone();
    // Only one event store writes; the others wait until it is gone.
    appends.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    let dead_letters = bounds(kind, DEAD_LETTERS_MAX, "drop-head");
    let queues =
        [(&names.append, appends), (&names.read, requests), (&names.dead_letters, dead_letters)];
    for (queue, arguments) in queues {
        channel.queue_declare(short(queue), QueueDeclareOptions::durable(), arguments).await?;
    }
    bind(channel, &names.append, &names.requests, trust::APPENDS).await?;
    bind(channel, &names.read, &names.requests, trust::READS).await
}

/// Declares a queue for the broadcasts of `topic`, of this connection and gone with it; its name.
pub(super) async fn declare_broadcasts(
    channel: &Channel,
    names: &Names,
    topic: Topic,
) -> Result<ShortString, Error> {
    let mut arguments = bounds(QueueKind::Classic, BROADCASTS_MAX, "drop-head");
    arguments.insert("x-max-length-bytes".into(), number(BROADCASTS_BYTES_MAX));
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel.queue_declare("".into(), options, arguments).await?.name().clone();
    let bindings = match topic {
        Topic::Log => [(&names.batches, wire::RECORDED), (&names.events, wire::HEAD)],
        Topic::Services => [(&names.services, ALL_SERVICES), (&names.events, wire::SERVICE)],
    };
    for (exchange, key) in bindings {
        bind(channel, queue.as_str(), exchange, key).await?;
    }
    Ok(queue)
}

/// The broker has ended a consumer, as when its queue was deleted: everything has to be declared again.
pub(super) fn cancelled() -> Error {
    std::io::Error::other("the broker ended a consumer").into()
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), Error> {
    let options = QueueBindOptions::default();
    let (queue, exchange, key) = (queue.into(), exchange.into(), key.into());
    channel.queue_bind(queue, exchange, key, options, FieldTable::default()).await
}

/// A name as AMQP carries it.
pub(super) fn short(name: &str) -> ShortString {
    name.into()
}

fn bounds(kind: QueueKind, length: u32, overflow: &str) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text(kind.name()));
    arguments.insert("x-max-length".into(), number(length));
    arguments.insert("x-overflow".into(), text(overflow));
    arguments
}

fn number(number: u32) -> AMQPValue {
    AMQPValue::LongLongInt(i64::from(number))
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}
