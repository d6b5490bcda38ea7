//! Consumes the broadcasts of one topic and puts them into the mailboxes of its subscribers.

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};
use kernel::{Position, Recorded};
use lapin::{
    Connection, Consumer, Error,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};

use super::{
    Names,
    shared::{Audience, Shared, count},
    topology::{self, cancelled},
    trust,
};
use crate::{wire, wire::Malformed, wire::Wire};
use store::{Announcement, Message, Topic};

/// Broadcasts handed out by the broker before it waits for us: some large ones in memory, and no waiting for small ones.
const PREFETCH: u16 = 256;

pub(super) struct Consumption<'a> {
    shared: &'a Shared,
    audience: &'a Audience,
    topic: Topic,
    open: Option<Consumer>,
}

impl<'a> Consumption<'a> {
    pub(super) fn new(shared: &'a Shared, topic: Topic) -> Self {
        Self { shared, audience: shared.audience(topic), topic, open: None }
    }

    /// Begins to consume if there is a subscriber. Earlier subscribers have missed the messages in between.
    pub(super) async fn open_if_wanted(&mut self, connection: &Connection) -> Result<(), Error> {
        if *self.audience.wanted.borrow() {
            self.open = Some(self.consume(connection).await?);
            self.audience.lose();
            self.audience.bound.send_replace(true);
        }
        Ok(())
    }

    async fn consume(&self, connection: &Connection) -> Result<Consumer, Error> {
        let channel = connection.create_channel().await?;
        let queue = topology::declare_broadcasts(&channel, &self.shared.names, self.topic).await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
        channel.basic_consume(queue, ShortString::default(), options, FieldTable::default()).await
    }

    pub(super) async fn run(mut self, connection: &Connection) -> Result<(), Error> {
        let mut wanted = self.audience.wanted.subscribe();
        loop {
            if let Some(consumer) = &mut self.open {
                return hear(consumer, self.audience, self.shared).await;
            }
            // The sender is part of what we borrow.
            drop(wanted.wait_for(|wanted| *wanted).await);
            self.open_if_wanted(connection).await?;
        }
    }
}

async fn hear(consumer: &mut Consumer, audience: &Audience, shared: &Shared) -> Result<(), Error> {
    loop {
        let first = consumer.next().await.ok_or_else(cancelled)??;
        let mut heard = Run::new(audience);
        let mut last = hear_one(first, &mut heard, shared);
        while let Some(more) = consumer.next().now_or_never() {
            last = hear_one(more.ok_or_else(cancelled)??, &mut heard, shared);
            if heard.is_long() {
                break;
            }
        }
        heard.end();
        last.ack(BasicAckOptions { multiple: true }).await?;
    }
}

/// Hears a delivery; gives back what acknowledges it and those before it.
fn hear_one(delivery: Delivery, heard: &mut Run<'_>, shared: &Shared) -> lapin::Acker {
    match parse(&delivery, &shared.names) {
        Ok(Parsed::Events(events)) => events.into_iter().for_each(|event| heard.add(event)),
        Ok(Parsed::Other(message)) => heard.say(&message),
        Err(malformed) => {
            count(&shared.counts.broadcasts_skipped);
            let routing_key = delivery.routing_key.as_str();
            tracing::warn!(%malformed, routing_key, "ignored a broadcast");
        }
    }
    delivery.acker
}

enum Parsed {
    Events(Vec<Recorded>),
    Other(Message),
}

/// Accepts only messages that came to the exchange and under the routing key for which the broker checks the sender.
fn parse(delivery: &Delivery, names: &Names) -> Result<Parsed, Malformed> {
    let body = &delivery.data;
    trust::straight(delivery)?;
    let (exchange, key) = (delivery.exchange.as_str(), delivery.routing_key.as_str());
    if exchange == &*names.batches && key == wire::RECORDED {
        Ok(Parsed::Events(wire::parse_batch(body, names)?))
    } else if exchange == &*names.events && key == wire::HEAD {
        Ok(Parsed::Other(Message::Head(Position::decode(body, names)?)))
    } else if exchange == &*names.events && key == wire::SERVICE {
        Ok(Parsed::Other(Message::Service(Arc::new(Announcement::decode(body, names)?))))
    } else if exchange == &*names.services {
        let announcement = Announcement::decode(body, names)?;
        trust::own_name(key, &announcement)?;
        Ok(Parsed::Other(Message::Service(Arc::new(announcement))))
    } else {
        Err(Malformed::because(&"it did not come through an exchange of this system"))
    }
}

/// Events with contiguous positions that arrived together: one message for the mailboxes.
struct Run<'a> {
    audience: &'a Audience,
    events: Vec<Arc<Recorded>>,
    heard: usize,
}

impl<'a> Run<'a> {
    fn new(audience: &'a Audience) -> Self {
        Self { audience, events: Vec::new(), heard: 0 }
    }

    fn add(&mut self, event: Recorded) {
        let follows = self.events.last().is_none_or(|last| last.position.next() == event.position);
        if !follows {
            self.end();
        }
        self.heard += 1;
        self.events.push(Arc::new(event));
    }

    fn say(&mut self, message: &Message) {
        self.end();
        self.heard += 1;
        self.audience.put(message);
    }

    fn end(&mut self) {
        if !self.events.is_empty() {
            let batch = std::mem::take(&mut self.events).into();
            self.audience.put(&Message::Recorded(batch));
        }
    }

    /// Whether to acknowledge to the broker now.
    fn is_long(&self) -> bool {
        self.heard >= usize::from(PREFETCH / 2)
    }
}
