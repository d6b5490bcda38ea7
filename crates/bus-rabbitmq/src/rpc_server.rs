//! Serves one queue of requests: hands them to the server in this process, sends the answers, then acknowledges.

use std::{pin::Pin, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Connection, Consumer, Error,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Names,
    shared::{Shared, Slot, count},
    topology::cancelled,
    trust::{self, Keyed},
};
use crate::{wire, wire::Wire};
use store::Incoming;

/// Questions handed out by the broker before it waits for answers: enough for large groups, and each may have 1 MiB.
pub(super) const PREFETCH: u16 = 256;
/// The expiration of a request that does not set one.
const PATIENCE_MAX: Duration = Duration::from_mins(1);
/// A message that the broker keeps when it restarts.
const PERSISTENT: u8 = 2;

type Sender<Q, A> = mpsc::Sender<Incoming<Q, A>>;
type Answering<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

pub(super) struct RpcServer<'a, Q, A> {
    connection: &'a Connection,
    queue: &'a str,
    slot: watch::Receiver<Option<Sender<Q, A>>>,
    shared: &'a Shared,
}

impl<'a, Q: Keyed + Wire + Send, A: Wire + Send> RpcServer<'a, Q, A> {
    pub(super) fn new(
        connection: &'a Connection,
        shared: &'a Shared,
        queue: &'a str,
        slot: &Slot<Q, A>,
    ) -> Self {
        Self { connection, queue, slot: slot.subscribe(), shared }
    }

    /// Serves as long as the connection lasts, for the current server in this process; pauses while there is none.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        loop {
            let server = self.slot.borrow_and_update().clone();
            match server.filter(|server| !server.is_closed()) {
                Some(server) => {
                    let channel = self.connection.create_channel().await?;
                    self.serve(&channel, server).await?;
                    // What was handed out and not answered goes to another server.
                    channel.close(200, "no server in this process".into()).await?;
                }
                // The sender lives as long as the session.
                None => drop(self.slot.changed().await),
            }
        }
    }

    fn count_and_say(&self, request: &Delivery, reason: &str) {
        let (queue, counts) = (self.queue, &self.shared.counts);
        let answerable = trust::way_back(request, &self.shared.names).is_some();
        count(if answerable { &counts.requests_refused } else { &counts.dead_letters });
        tracing::warn!(reason, queue, answerable, "rejected a request");
    }

    /// Serves until the server is gone or another one took its place.
    async fn serve(&mut self, channel: &Channel, server: Sender<Q, A>) -> Result<(), Error> {
        let (queue, names) = (self.queue, &self.shared.names);
        let mut requests = consume(channel, queue).await?;
        let mut answering: FuturesUnordered<Answering<'_>> = FuturesUnordered::new();
        let mut given = None;
        loop {
            tokio::select! {
                biased;
                _replaced = self.slot.changed() => return Ok(()),
                () = server.closed() => return Ok(()),
                Some(answered) = answering.next() => answered?,
                room = server.reserve(), if given.is_some() => {
                    let Ok(room) = room else { return Ok(()) };
                    if let Some(incoming) = given.take() {
                        room.send(incoming);
                    }
                }
                request = requests.next(), if given.is_none() => {
                    let mut request = request.ok_or_else(cancelled)??;
                    match trust::decode::<Q>(&request, names) {
                        Ok(question) => {
                            let (incoming, answer) = Incoming::new(question);
                            given = Some(incoming);
                            request.data = Vec::new();
                            answering.push(Box::pin(answer_with(channel, names, request, answer)));
                        }
                        Err(malformed) => {
                            let reason = malformed.to_string();
                            self.count_and_say(&request, &reason);
                            let refusing = turn_down(channel, names, request, queue, reason);
                            answering.push(Box::pin(refusing));
                        }
                    }
                }
            }
        }
    }
}

async fn consume(channel: &Channel, queue: &str) -> Result<Consumer, Error> {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    channel.basic_consume(queue.into(), ShortString::default(), options, arguments).await
}

/// Waits for the answer and sends it. A question that its server dropped gets no answer, and neither does one that has waited
/// as long as its questioner does: the questioner asks again.
async fn answer_with<A: Wire>(
    channel: &Channel,
    names: &Names,
    request: Delivery,
    answer: oneshot::Receiver<A>,
) -> Result<(), Error> {
    let patience = patience(&request).unwrap_or(PATIENCE_MAX);
    if let Ok(Ok(answer)) = tokio::time::timeout(patience, answer).await {
        reply(channel, names, &request, &answer.encode(names)).await?;
    }
    request.acker.ack(BasicAckOptions::default()).await?;
    Ok(())
}

/// How long the caller waits in all, from the request itself; part of that time may have passed in the queue.
fn patience(request: &Delivery) -> Option<Duration> {
    let millis = request.properties.expiration().as_ref()?.as_str().parse().ok()?;
    Some(Duration::from_millis(millis))
}

/// Answers that the request is malformed, or puts it among the dead letters.
async fn turn_down(
    channel: &Channel,
    names: &Names,
    request: Delivery,
    queue: &str,
    reason: String,
) -> Result<(), Error> {
    if trust::way_back(&request, names).is_some() {
        reply(channel, names, &request, &wire::refused(&reason)).await?;
    } else {
        let mut headers = FieldTable::default();
        headers.insert("queue".into(), AMQPValue::LongString(queue.into()));
        headers.insert("reason".into(), AMQPValue::LongString(reason.into()));
        let properties = request.properties.clone().with_headers(headers);
        let properties = properties.with_delivery_mode(PERSISTENT);
        send(channel, (&*names.dead_letters).into(), &request.data, properties).await?;
    }
    request.acker.ack(BasicAckOptions::default()).await?;
    Ok(())
}

async fn reply(
    channel: &Channel,
    names: &Names,
    request: &Delivery,
    body: &[u8],
) -> Result<(), Error> {
    let Some(reply_to) = trust::way_back(request, names).cloned() else { return Ok(()) };
    let mut properties = BasicProperties::default().with_content_type(wire::JSON.into());
    if let Some(number) = request.properties.correlation_id() {
        properties = properties.with_correlation_id(number.clone());
    }
    send(channel, reply_to, body, properties).await
}

/// Sends to a queue, which may be gone.
async fn send(
    channel: &Channel,
    queue: ShortString,
    body: &[u8],
    properties: BasicProperties,
) -> Result<(), Error> {
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish(ShortString::default(), queue, options, body, properties);
    // Nothing is confirmed on this channel.
    sent.await?.await.map(drop)
}
