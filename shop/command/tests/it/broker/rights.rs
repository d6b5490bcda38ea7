//! The users that `deploy/broker` creates for the parts of the shop: each has the rights it needs, and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bus_rabbitmq::{State, wire::Wire};
use futures_util::StreamExt as _;
use kernel::Position;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Error,
    options::{
        BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeBindOptions,
        ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
        QueueDeleteOptions, QueuePurgeOptions,
    },
    types::{AMQPValue, FieldTable},
};
use store::{
    Address, Announcement, Append, Appended, Heard, Message, NoReply, Page, Read, Topic, Transport,
};

use super::{
    APPEND, BATCHES, DEAD_LETTERS, EVENTS, PATIENCE, READ, REQUESTS, SERVICES, TRY, answer_appends,
    answer_reads, append, appended, begin, broker, connect, event, names, next, recorded,
    while_serving,
};

/// Every service has a user, and so has a guest of the shop.
fn service_users() -> Vec<&'static str> {
    let others = registry::names().filter(|name| *name != GUEST);
    others.chain([GUEST]).collect()
}

const GUEST: &str = "loyalty";
/// How long a service that is refused is watched.
const WATCHED: Duration = Duration::from_secs(4);

/// A fresh virtual host with the users of `deploy/`; the addresses of these.
pub(crate) fn shop() -> (String, impl Fn(&str) -> String) {
    let vhost = broker().vhost().expect("a virtual host");
    broker().add_users(&vhost).expect("users");
    let there = vhost.clone();
    (vhost, move |user: &str| servers::RabbitMq::url_of(user, broker().port(), &there))
}

fn page() -> Page {
    Page { events: vec![event(7, 10)], head: Position(9), next: Position(8), end: false }
}

pub(crate) fn announcement(name: &str) -> Announcement {
    Announcement {
        name: name.to_owned(),
        instance: "1".to_owned(),
        address: Address::Local,
        routes: vec![format!("/{name}")],
        version: "0".to_owned(),
        ready: true,
        trouble: None,
        warnings: Vec::new(),
        slow: None,
        clock: None,
        model: None,
        lag: BTreeMap::new(),
        set_aside: 0,
        throughput: 0.0,
        balances: Vec::new(),
        reads: std::collections::BTreeMap::default(),
    }
}

fn all() -> Read {
    Read::All { from: Position(1), categories: Vec::new() }
}

/// Someone who has a user's password and a client of their own.
pub(crate) struct Thief(Connection);

impl Thief {
    pub(crate) async fn at(url: &str) -> Self {
        let connecting = Connection::connect(url, ConnectionProperties::default());
        Self(connecting.await.expect("a connection"))
    }

    pub(crate) async fn channel(&self) -> Channel {
        let channel = self.0.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        channel
    }

    pub(crate) async fn publish(
        &self,
        (exchange, key): (&str, &str),
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<(), Error> {
        let (channel, options) = (self.channel().await, BasicPublishOptions::default());
        let sent = channel.basic_publish(exchange.into(), key.into(), options, body, properties);
        sent.await?.await.map(drop)
    }

    async fn say(&self, exchange: &str, key: &str) -> Result<(), Error> {
        self.publish((exchange, key), b"{}", BasicProperties::default()).await
    }

    /// Asks for an append under another routing key, and gives back the reply.
    pub(crate) async fn asks(
        &self,
        key: &str,
        append: &Append,
        headers: FieldTable,
    ) -> serde_json::Value {
        let channel = self.channel().await;
        let direct = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let (way_back, tag) = ("amq.rabbitmq.reply-to", "".into());
        let replies = channel.basic_consume(way_back.into(), tag, direct, FieldTable::default());
        let mut replies = replies.await.expect("a consumer");
        let properties =
            BasicProperties::default().with_reply_to(way_back.into()).with_headers(headers);
        let (body, options) = (append.encode(&names()), BasicPublishOptions::default());
        let sent = channel.basic_publish(REQUESTS.into(), key.into(), options, &body, properties);
        sent.await.expect("sent").await.expect("the broker allows the key");
        let reply = tokio::time::timeout(PATIENCE, replies.next()).await.expect("a reply");
        let reply = reply.expect("the consumer is there").expect("a delivery");
        serde_json::from_slice(&reply.data).expect("JSON")
    }
}

fn refused(result: Result<(), Error>, what: &str) {
    let error = result.expect_err(what).to_string();
    assert!(
        error.contains("ACCESS_REFUSED") || error.contains("RESOURCE_LOCKED"),
        "{what}: {error}"
    );
}

fn is_not_set_up(state: &State) -> bool {
    matches!(state, State::Unreachable(why) if why.contains("is not set up yet") && why.contains("the event store"))
}

#[tokio::test]
async fn every_part_can_do_what_it_has_to_in_any_order_of_starts() {
    let (_, url) = shop();
    let early = begin(&url("product"));
    let waiting = async {
        // It may be unreachable for another reason before.
        while !is_not_set_up(&early.state()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it waits for the event store");
    let store = connect(&url("event-store")).await;
    early.connected().await.expect("once the event store has been there");

    let gateway = connect(&url("gateway")).await;
    let mut services = gateway.subscribe(Topic::Services).await;
    let serving = async {
        tokio::join!(
            answer_appends(store.serve_appends().await, 7),
            answer_reads(store.serve_reads().await, page())
        )
    };
    let working = async {
        assert_eq!(gateway.read(all(), PATIENCE).await.expect("a page").head, Position(9));
        for user in service_users() {
            let service = connect(&url(user)).await;
            let mut log = service.subscribe(Topic::Log).await;
            for stream in [format!("{user}-1"), format!("reactor-{user}")] {
                let asked = service.append(append(&stream), PATIENCE).await;
                assert_eq!(asked, Ok(appended(7)), "{user}: {stream}");
            }
            assert_eq!(service.read(all(), PATIENCE).await.expect("a page").head, Position(9));
            service.publish(Message::Service(announcement(user).into())).await;
            let heard = next(&mut services).await;
            let Heard::Message(Message::Service(said)) = heard else { panic!("{heard:?}") };
            assert_eq!(said.name, user);
            store.publish(recorded(7)).await;
            store.publish(Message::Head(Position(7))).await;
            assert!(matches!(next(&mut log).await, Heard::Message(Message::Recorded(_))));
            assert!(matches!(next(&mut log).await, Heard::Message(Message::Head(Position(7)))));
        }
        for stream in ["catalogue-categories", "picture-0ac6"] {
            let asked = early.append(append(stream), PATIENCE).await;
            assert_eq!(asked, Ok(appended(7)), "{stream}");
        }
        store.publish(Message::Service(announcement("events").into())).await;
        assert!(matches!(next(&mut services).await, Heard::Message(Message::Service(_))));
    };
    while_serving(serving, working).await;
}

/// Categories of the product service beside its own.
const PRODUCTS: [&str; 2] = ["catalogue", "picture"];

#[tokio::test]
async fn the_broker_refuses_what_is_not_ones_own() {
    let (_, url) = shop();
    let _store = connect(&url("event-store")).await;
    let own = |user: &str, key: &str| {
        let category = key.trim_start_matches("append.");
        let category = category.trim_start_matches("reactor.").trim_start_matches("inbox.");
        let category = category.trim_start_matches("system.service.");
        category == user || (user == "product" && PRODUCTS.contains(&category))
    };
    for user in service_users().into_iter().chain(["gateway"]) {
        let thief = Thief::at(&url(user)).await;
        for (exchange, key) in [
            (EVENTS, "customer.credit-changed"),
            (EVENTS, "system.head"),
            (EVENTS, "system.service"),
            (BATCHES, "system.recorded"),
            ("", APPEND),
            ("", READ),
            ("", "amq.rabbitmq.reply-to.guessed"),
        ] {
            refused(thief.say(exchange, key).await, &format!("{user}: {exchange} {key}"));
        }
        let categories = registry::SERVICES.iter().flat_map(|module| module.records).copied();
        let names: BTreeSet<&str> =
            service_users().into_iter().chain(categories).chain(["events"]).collect();
        for name in names {
            for (exchange, key) in [
                (REQUESTS, format!("append.{name}")),
                (REQUESTS, format!("append.reactor.{name}")),
                (REQUESTS, format!("append.inbox.{name}")),
                (SERVICES, format!("system.service.{name}")),
            ] {
                let only_a_category = PRODUCTS.contains(&name) && key != format!("append.{name}");
                if !own(user, &key) || only_a_category {
                    refused(thief.say(exchange, &key).await, &format!("{user}: {key}"));
                }
            }
        }
        for (exchange, key) in [
            (REQUESTS, "append.#"),
            (REQUESTS, "append"),
            (SERVICES, "system.service"),
            (SERVICES, &format!("system.service.{user}.x")),
        ] {
            refused(thief.say(exchange, key).await, &format!("{user}: {key}"));
        }
    }
}

#[tokio::test]
async fn only_the_event_store_touches_queues_and_exchanges_that_are_shared() {
    let (_, url) = shop();
    let store = connect(&url("event-store")).await;
    for user in ["gateway", "product", "loyalty"] {
        let thief = Thief::at(&url(user)).await;
        let none = FieldTable::default;
        for queue in [APPEND, READ, DEAD_LETTERS] {
            let consume = BasicConsumeOptions::default();
            let consumed =
                thief.channel().await.basic_consume(queue.into(), "".into(), consume, none()).await;
            refused(consumed.map(drop), &format!("{user} answers {queue}"));
            let purge = QueuePurgeOptions::default();
            let purged = thief.channel().await.queue_purge(queue.into(), purge).await;
            refused(purged.map(drop), &format!("{user} empties {queue}"));
            let delete = QueueDeleteOptions::default();
            let deleted = thief.channel().await.queue_delete(queue.into(), delete).await;
            refused(deleted.map(drop), &format!("{user} deletes {queue}"));
            let bind = QueueBindOptions::default();
            let (name, exchange, key) = (queue.into(), EVENTS.into(), "#".into());
            let bound = thief.channel().await.queue_bind(name, exchange, key, bind, none()).await;
            refused(bound, &format!("{user} binds {queue}"));
        }
        let listening = thief.channel().await;
        let exclusive = QueueDeclareOptions { exclusive: true, ..Default::default() };
        let mine = listening.queue_declare("".into(), exclusive, none()).await.expect("a queue");
        let bind = QueueBindOptions::default();
        let (name, key) = (mine.name().clone(), "#".into());
        let heard = listening.queue_bind(name, REQUESTS.into(), key, bind, none()).await;
        refused(heard, &format!("{user} hears what others ask"));
        for exchange in [EVENTS, BATCHES, SERVICES, REQUESTS] {
            let delete = ExchangeDeleteOptions::default();
            let deleted = thief.channel().await.exchange_delete(exchange.into(), delete).await;
            refused(deleted, &format!("{user} deletes {exchange}"));
        }
        let (kind, options) = (lapin::ExchangeKind::Fanout, ExchangeDeclareOptions::default());
        let made = thief.channel().await.exchange_declare("x".into(), kind, options, none()).await;
        refused(made, &format!("{user} makes an exchange"));
        let bind = ExchangeBindOptions::default();
        let (to, from, key) = (BATCHES.into(), SERVICES.into(), "#".into());
        let bound = thief.channel().await.exchange_bind(to, from, key, bind, none()).await;
        refused(bound, &format!("{user} leads announcements to events"));
        for way in ["", EVENTS, BATCHES] {
            let mut passing_on = FieldTable::default();
            passing_on.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(way.into()));
            let made = thief.channel().await.queue_declare("".into(), exclusive, passing_on).await;
            refused(made.map(drop), &format!("{user} passes messages on to {way:?}"));
        }
    }
    assert_eq!(store.figures().connections, 1);
}

#[tokio::test]
async fn a_refusal_is_named_holds_nothing_up_and_is_retried_slowly() {
    let (vhost, url) = shop();
    let store = connect(&url("event-store")).await;
    let gateway = connect(&url("gateway")).await;
    let serving = answer_appends(store.serve_appends().await, 7);
    let asking = async {
        let (began, mut asked) = (tokio::time::Instant::now(), 0);
        while began.elapsed() < WATCHED {
            let answer = gateway.append(append("order-1"), PATIENCE).await;
            assert!(matches!(answer, Err(NoReply::Lost | NoReply::Unreachable)), "{answer:?}");
            gateway.publish(Message::Head(Position(1))).await;
            asked += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // 0.05 s, 0.1 s, 0.2 s … 1.6 s at least between two.
        let connections = gateway.figures().connections;
        assert!((2..=8).contains(&connections), "{connections} connections, {asked} asked");
        let named = async {
            loop {
                if let State::Refused(why) = gateway.state() {
                    return why;
                }
                let _refused = gateway.append(append("order-1"), TRY).await;
                tokio::task::yield_now().await;
            }
        };
        let why = tokio::time::timeout(PATIENCE, named).await.expect("it is said");
        assert!(why.contains("denies user gateway the required rights"), "{why}");
        assert!(why.contains("append.order") || why.contains("agora.events"), "{why}");

        let body = r#"{"configure":".*","write":".*","read":".*"}"#;
        let rights = format!("/api/permissions/{vhost}/gateway");
        broker().manage("PUT", &rights, body).expect("rights");
        let body = r#"{"exchange":"agora.requests","write":".*","read":".*"}"#;
        let rights = format!("/api/topic-permissions/{vhost}/gateway");
        broker().manage("PUT", &rights, body).expect("rights");
        let answered = async {
            loop {
                match gateway.append(append("order-1"), TRY).await {
                    Ok(Appended::Recorded { .. }) => return,
                    _ => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.expect("it goes on with these rights");
    };
    while_serving(serving, asking).await;
}
