//! The RPC client: sends requests and hands replies to the waiting callers.

use std::pin::Pin;

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, Consumer, Error,
    message::Delivery,
    options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions},
    types::{FieldTable, ShortString},
};
use tokio::sync::mpsc;

use super::{
    Names,
    shared::{Pending, Question},
    topology::cancelled,
};
use crate::wire;
use store::NoReply;

/// The broker's own way back to this channel, without a queue.
const DIRECT_REPLY_TO: &str = "amq.rabbitmq.reply-to";
/// Requests sent and not confirmed yet.
const UNCONFIRMED_MAX: usize = 4096;

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// The channel that questions go out by and replies come back by.
pub(super) struct RpcClient {
    channel: Channel,
    requests: ShortString,
    replies: Consumer,
}

pub(super) async fn open(connection: &Connection, names: &Names) -> Result<RpcClient, Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let replies = channel.basic_consume(
        DIRECT_REPLY_TO.into(),
        ShortString::default(),
        options,
        FieldTable::default(),
    );
    let replies = replies.await?;
    Ok(RpcClient { channel, requests: (&*names.requests).into(), replies })
}

impl RpcClient {
    /// Sends requests until the last handle of the transport is dropped.
    pub(super) async fn run(
        mut self,
        questions: &mut mpsc::Receiver<Question>,
        pending: &Pending,
    ) -> Result<(), Error> {
        let (channel, requests) = (&self.channel, &self.requests);
        let mut unconfirmed: FuturesUnordered<Sending<'_>> = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                reply = self.replies.next() => hand_over(reply.ok_or_else(cancelled)??, pending),
                Some(confirmed) = unconfirmed.next() => confirmed?,
                question = questions.recv(), if unconfirmed.len() < UNCONFIRMED_MAX => {
                    let Some(question) = question else { return Ok(()) };
                    // Who gave up meanwhile needs no answer.
                    if pending.waits(question.number) {
                        let mut sending: Sending<'_> =
                            Box::pin(send(channel, requests, question, pending));
                        // The first step puts it in line, so that what is sent stays in order.
                        match (&mut sending).now_or_never() {
                            Some(sent) => sent?,
                            None => unconfirmed.push(sending),
                        }
                    }
                }
            }
        }
    }
}

async fn send(
    channel: &Channel,
    requests: &ShortString,
    question: Question,
    pending: &Pending,
) -> Result<(), Error> {
    let Question { key, number, body, patience, room } = question;
    let properties = BasicProperties::default()
        .with_content_type(wire::JSON.into())
        .with_reply_to(DIRECT_REPLY_TO.into())
        .with_correlation_id(number.to_string().into())
        // The broker drops a request once its caller has stopped waiting.
        .with_expiration(patience.as_millis().max(1).to_string().into());
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let sent = channel.basic_publish(requests.clone(), key.into(), options, &body, properties);
    match sent.await?.await? {
        // The queue is full.
        Confirmation::Nack(None) => pending.answer(number, Err(NoReply::Lost)),
        // There is no such queue. Which of several confirmed at once it was, only the message itself knows.
        Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
            if let Some(number) = number_of(&returned.delivery) {
                pending.answer(number, Err(NoReply::Unreachable));
            }
        }
        Confirmation::Ack(None) | Confirmation::NotRequested => {}
    }
    drop(room);
    Ok(())
}

fn hand_over(reply: Delivery, pending: &Pending) {
    if let Some(number) = number_of(&reply) {
        pending.answer(number, Ok(reply.data));
    }
}

fn number_of(delivery: &Delivery) -> Option<u64> {
    delivery.properties.correlation_id().as_ref()?.as_str().parse().ok()
}
