//! Ways around the rights of the broker's users: messages that the broker lets through are still rejected.

use std::time::Duration;

use bus_rabbitmq::wire::Wire;
use kernel::Position;
use lapin::{
    BasicProperties,
    options::{QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable},
};
use store::{Heard, Message, Topic, Transport};

use super::{
    PATIENCE, READ, REQUESTS, SERVICES, answer_appends, append, appended, connect, names, next,
    rights::{Thief, announcement, shop},
    while_serving,
};

#[tokio::test]
async fn ways_around_the_routing_key_are_not_believed() {
    let (_, url) = shop();
    let (store, gateway) = (connect(&url("event-store")).await, connect(&url("gateway")).await);
    let mut services = gateway.subscribe(Topic::Services).await;
    let mut log = gateway.subscribe(Topic::Log).await;
    let (reader, guest) = (Thief::at(&url("gateway")).await, Thief::at(&url("loyalty")).await);
    let served = answer_appends(store.serve_appends().await, 7);
    let stealing = async {
        let of_others = append("customer-1");
        let said = guest.asks("append.loyalty", &of_others, FieldTable::default()).await;
        assert_eq!(said["result"], "refused", "another's stream under one's own key: {said}");
        let said = reader.asks("read", &of_others, also_to("append.customer")).await;
        assert_eq!(said["result"], "refused", "a second key: {said}");
        let reason = said["reason"].as_str().expect("a reason");
        assert!(reason.contains("needs the routing key append.customer"), "{reason}");

        let customer = announcement("customer").encode(&names());
        let own = (SERVICES, "system.service.loyalty");
        for headers in [FieldTable::default(), also_to("system.service.customer")] {
            let properties = BasicProperties::default().with_headers(headers);
            guest.publish(own, &customer, properties).await.expect("its own key");
        }
        passed_on(&guest, SERVICES, "system.service.customer", &customer).await;
        // Through a queue of one's own to where one may ask something else.
        passed_on(&guest, REQUESTS, "append.customer", &of_others.encode(&names())).await;
        let loyalty = announcement("loyalty").encode(&names());
        guest.publish(own, &loyalty, BasicProperties::default()).await.expect("its own name");
        let heard = next(&mut services).await;
        let Heard::Message(Message::Service(said)) = heard else { panic!("{heard:?}") };
        assert_eq!(said.name, "loyalty", "the first that is believed");
        let dropped = async {
            while store.figures().dead_letters < 1 || gateway.figures().broadcasts_skipped < 4 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, dropped).await.expect("each is counted");
        store.publish(Message::Head(Position(7))).await;
        assert!(matches!(next(&mut log).await, Heard::Message(Message::Head(Position(7)))));
    };
    while_serving(served, stealing).await;
}

/// The header by which a sender adds routing keys, which the broker does not check.
fn also_to(key: &str) -> FieldTable {
    let mut headers = FieldTable::default();
    let keys = vec![AMQPValue::LongString(key.into())].into();
    headers.insert("CC".into(), AMQPValue::FieldArray(keys));
    headers
}

/// Has the broker pass a message on under a key that its sender may not write: from a queue of its own, where it expires.
async fn passed_on(guest: &Thief, exchange: &str, key: &str, body: &[u8]) {
    let channel = guest.channel().await;
    let mut dying = FieldTable::default();
    dying.insert("x-message-ttl".into(), AMQPValue::LongInt(0));
    dying.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(exchange.into()));
    dying.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(key.into()));
    let exclusive = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), exclusive, dying).await.expect("a queue");
    let (bind, own) = (QueueBindOptions::default(), "system.service.loyalty");
    let name = queue.name().clone();
    let bound = channel.queue_bind(name, SERVICES.into(), own.into(), bind, FieldTable::default());
    bound.await.expect("what it announces");
    let sent = (SERVICES, own);
    guest.publish(sent, body, BasicProperties::default()).await.expect("its own key");
    let gone = async {
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        let name = queue.name().clone();
        let seen = channel.queue_declare(name, passive, FieldTable::default()).await;
        assert_eq!(seen.expect("its queue").message_count(), 0);
        let delete = QueueDeleteOptions::default();
        channel.queue_delete(queue.name().clone(), delete).await.expect("its queue");
    };
    gone.await;
}

#[tokio::test]
async fn an_answer_is_never_sent_to_a_queue_of_the_shops() {
    let (_, url) = shop();
    let store = connect(&url("event-store")).await;
    let thief = Thief::at(&url("product")).await;
    let served = answer_appends(store.serve_appends().await, 7);
    let asking = async {
        let properties = BasicProperties::default().with_reply_to(READ.into());
        let body = append("product-1").encode(&names());
        thief.publish((REQUESTS, "append.product"), &body, properties).await.expect("its own");
        // Asked after it, answered after it.
        let product = connect(&url("product")).await;
        assert_eq!(product.append(append("product-2"), PATIENCE).await, Ok(appended(7)));
    };
    while_serving(served, asking).await;
    let operator = Thief::at(&url("agora")).await.channel().await;
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let reads = operator.queue_declare(READ.into(), passive, FieldTable::default()).await;
    assert_eq!(reads.expect("the queue").message_count(), 0);
}
