//! Changes as they happen: server-sent events.

use std::time::Duration;

use axum::{body::BodyDataStream, response::Response};
use contracts::{
    money::Money,
    order::{Reason, Terms},
};
use futures_util::StreamExt;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Person, World, id_of};

/// A client that reads events one by one.
struct Listener {
    body: BodyDataStream,
    buffer: String,
}

/// An event: its id and its data.
type Told = (u64, Value);

impl Listener {
    async fn open(world: &World, person: &Person, (query, last): (&str, Option<u64>)) -> Self {
        let last = last.map(|last| last.to_string());
        let answer = listen(world, person, (query, last.as_deref())).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body().into_data_stream(), buffer: String::new() }
    }

    async fn next(&mut self) -> Told {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let told = parse(event);
                let rest = rest.to_owned();
                self.buffer = rest;
                if let Some(told) = told {
                    return told;
                }
                continue;
            }
            let bytes = self.body.next().await.expect("the stream goes on").expect("bytes");
            self.buffer.push_str(std::str::from_utf8(&bytes).expect("text"));
        }
    }

    async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let (_, data) = self.next().await;
            kinds.push(data["Step"]["Event"].as_str().expect("a type").to_owned());
        }
        kinds
    }

    /// Whether nothing comes for a while.
    async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_secs(5), self.next()).await.is_err()
    }
}

async fn listen(world: &World, person: &Person, (query, last): (&str, Option<&str>)) -> Response {
    let ask = world.ask("GET", &format!("/order-events{query}")).by(&*person.token);
    let ask = match last {
        Some(last) => ask.header("last-event-id", last),
        None => ask,
    };
    ask.begin().await
}

/// An event's id and data; none for a comment.
fn parse(event: &str) -> Option<Told> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let id = field("id:")?.trim().parse().expect("a position");
    Some((id, serde_json::from_str(field("data:")?).expect("JSON")))
}

#[tokio::test(start_paused = true)]
async fn every_change_of_ones_orders_is_told_once_and_nobody_elses() {
    let world = World::start().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let lamp = world.product("Lamp", 5).await;
    let mut listener = Listener::open(&world, &ada, ("?UserName=ada", None)).await;
    world.place(&bob, lamp).await;
    let placed = world.place(&ada, lamp).await;
    let (position, told) = listener.next().await;
    assert_eq!(told["Order"], placed);
    assert_eq!(told["Step"]["Position"], position);
    world.stock_reserved(lamp, id_of(&placed)).await;
    assert_eq!(listener.kinds(1).await, ["product.stock-reserved"]);
    world.credit_reserved(ada.id, id_of(&placed)).await;
    let kinds = ["customer.credit-reserved", "order.approved", "order.finalized"];
    assert_eq!(listener.kinds(3).await, kinds);
    world.wound_up(&placed, ada.id, 1).await;
    let kinds = ["product.stock-committed", "customer.credit-debited", "accounting.invoice-issued"];
    assert_eq!(listener.kinds(3).await, kinds);
    assert!(listener.is_silent().await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_away_resumes_where_it_was() {
    let world = World::start().await;
    let (ada, admin) = (world.person("ada").await, world.manager().await);
    let lamp = world.product("Lamp", 5).await;
    let mut positions = Vec::new();
    for number in 0..600 {
        let terms = Terms {
            order: Uuid::from_u128(number),
            customer: ada.id,
            product: lamp,
            product_name: "Lamp".to_owned(),
            quantity: 1,
            price: Money::from_minor(5),
            currency: "EUR".to_owned(),
        };
        positions.push(world.placed(&terms).await.0);
    }
    world.settle().await;
    let last = positions[9];
    let mut everybody = Listener::open(&world, &admin, ("", Some(last))).await;
    let mut own = Listener::open(&world, &ada, ("?UserName=ada", Some(last))).await;
    for position in &positions[10..] {
        assert_eq!(everybody.next().await.0, *position);
        assert_eq!(own.next().await.0, *position);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_saw_more_than_the_log_has_is_told_what_happens_from_now_on() {
    let world = World::start().await;
    let (ada, admin) = (world.person("ada").await, world.manager().await);
    let lamp = world.product("Lamp", 5).await;
    let before = world.place(&ada, lamp).await;
    let beyond = Some(1_000_000);
    let mut everybody = Listener::open(&world, &admin, ("", beyond)).await;
    let mut own = Listener::open(&world, &ada, ("?UserName=ada", Some(u64::MAX))).await;
    let placed = world.place(&ada, lamp).await;
    assert_ne!(before, placed);
    for listener in [&mut everybody, &mut own] {
        assert_eq!(listener.next().await.1["Order"], placed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_falls_behind_alone_and_catches_up() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 5).await;
    let mut slow = Listener::open(&world, &ada, ("?UserName=ada", None)).await;
    let mut quick = Listener::open(&world, &ada, ("?UserName=ada", None)).await;
    let mut positions = Vec::new();
    // More than wait for a stream. Each order ends before the next: of those that are open the shop takes only so many.
    for _ in 0..750 {
        let body = serde_json::json!({ "ProductId": lamp });
        let placed = world.post("/place-order", &ada, body).await;
        let position = placed.position.expect("a position").0;
        while positions.last() != Some(&position) {
            positions.push(quick.next().await.0);
        }
        world.stock_denied(lamp, id_of(&placed.body), Reason::OutOfStock).await;
        world.credit_denied(ada.id, id_of(&placed.body)).await;
    }
    for position in positions {
        assert_eq!(slow.next().await.0, position);
    }
    let last = world.post("/place-order", &ada, serde_json::json!({ "ProductId": lamp })).await;
    let last = last.position.expect("a position").0;
    while slow.next().await.0 != last {}
}

#[tokio::test(start_paused = true)]
async fn many_streams_are_told_the_same() {
    let world = World::start().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let admin = world.manager().await;
    let lamp = world.product("Lamp", 5).await;
    let mut streams = Vec::new();
    // As many as one user may have.
    for _ in 0..20 {
        streams.push(Listener::open(&world, &ada, ("?UserName=ada", None)).await);
    }
    streams.push(Listener::open(&world, &admin, ("?UserName=ada", None)).await);
    let mut everybody = Listener::open(&world, &admin, ("", None)).await;
    world.place(&bob, lamp).await;
    let placed = world.place(&ada, lamp).await;
    for stream in &mut streams {
        assert_eq!(stream.next().await.1["Order"], placed);
    }
    drop(streams);
    assert_eq!(everybody.kinds(2).await, ["order.placed", "order.placed"]);
    // Who leaves is not missed, and who comes later hears what is new.
    let mut late = Listener::open(&world, &ada, ("?UserName=ada", None)).await;
    world.stock_reserved(lamp, id_of(&placed)).await;
    assert_eq!(late.kinds(1).await, ["product.stock-reserved"]);
    assert_eq!(everybody.kinds(1).await, ["product.stock-reserved"]);
}

#[tokio::test(start_paused = true)]
async fn streams_are_for_those_whom_they_concern_and_end_with_the_service() {
    let world = World::start().await;
    let (ada, _bob, admin) =
        (world.person("ada").await, world.person("bob").await, world.manager().await);
    let refused = async |person: &Person, query: &str, last: &str| {
        listen(&world, person, (query, Some(last))).await.status().as_u16()
    };
    assert_eq!(refused(&ada, "", "1").await, 403);
    assert_eq!(refused(&ada, "?UserName=bob", "1").await, 403);
    assert_eq!(refused(&admin, "?UserName=eve", "1").await, 404);
    assert_eq!(refused(&ada, "?UserName=ada", "yesterday").await, 400);
    let mut listener = Listener::open(&world, &ada, ("?UserName=ada", None)).await;
    world.deps.tasks.stop();
    assert!(listener.body.next().await.is_none(), "the stream ends");
}
