//! A fifth service beside the shop: what it records for an order shows wherever the order does.

use std::sync::Arc;

use kernel::{
    Actor, Cause, Clock as _, EventId, EventType, Expected, Metadata, NewEvent, Position, StreamId,
};
use runtime::clock::SystemClock;
use serde_json::{Value, json, value::to_raw_value};
use store::{Append, LogStore, Writer as _};
use uuid::Uuid;

use crate::{operator::busy_shop, shop::Folder};

/// Records an event of a service that the shop does not have, as a reaction to an order's placing.
async fn grant_points(folder: &Folder, placed: &Value) {
    let id = |field: &str| Uuid::parse_str(placed[field].as_str().expect("an id")).expect("a UUID");
    let position = Position(placed["Position"].as_u64().expect("a position"));
    let reactor: Arc<str> = "loyalty".into();
    let metadata = Metadata::of(Actor::reactor(&reactor), id("Correlation"));
    let event = NewEvent {
        id: EventId(Uuid::from_u128(7)),
        kind: EventType::parse("loyalty.points-granted").expect("a type"),
        schema: 1,
        metadata: Metadata { cause: Some(Cause { reactor, position }), ..metadata },
        data: to_raw_value(&json!({ "points": 9 })).expect("is JSON"),
    };
    let stream = StreamId::new("loyalty", Uuid::from_u128(8)).expect("a stream");
    let append = Append { stream, expected: Expected::None, events: vec![event].into() };
    let options = eventlog::Options::new([0; 16]);
    let log = LogStore::open(&folder.data().join("log"), Arc::new(eventlog::OsFiles), options);
    let mut log = log.expect("the shop's log");
    let committed = log.writer.commit(&[append], SystemClock.now()).await;
    assert!(committed.is_ok(), "it is recorded");
}

#[tokio::test]
async fn what_a_fifth_service_did_for_an_order_shows_in_its_history_and_is_drawn() {
    let (shop, manager, order) = busy_shop().await;
    let stream = format!("/events/read-stream?Stream=order-{order}");
    let placed = manager.get(&stream).await["Items"][0].clone();
    let folder = shop.down().await;
    grant_points(&folder, &placed).await;
    let drawn_in_folder = folder.tool(&["order", &order, "--ascii", "--width", "140"]).await;
    let shop = folder.up().await;
    let drawn = shop.tool(&["order", &order, "--ascii", "--width", "140"]).await;
    for ran in [drawn_in_folder.expect_code(0), drawn.expect_code(0)] {
        let line = |with: &str| ran.stdout.lines().find(|line| line.contains(with));
        assert!(
            line("shopper").or(line("manager")).is_some_and(|names| names.ends_with("loyalty"))
        );
        let granted = line("loyalty.points-granted").expect("a line");
        assert!(granted.contains(">o   loyalty.points-granted  "), "{granted}");
    }
    let manager = shop.manager().await;
    let path = format!("/order/get-order-history?OrderId={order}");
    let history = manager.get(&path).await;
    let last = history["Items"].as_array().and_then(|steps| steps.last()).expect("steps");
    assert_eq!(
        (&last["Service"], &last["Event"]),
        (&json!("loyalty"), &json!("loyalty.points-granted"))
    );
    assert_eq!((&last["Cause"], &last["Details"]), (&placed["Position"], &json!({ "points": 9 })));
    shop.down().await;
}
