//! The saga as the order service sees it: what is recorded once stock and credit have answered, or time is up.

use std::time::Duration;

use contracts::order::Reason;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, World, id_of};

#[tokio::test(start_paused = true)]
async fn an_order_is_finalized_once_stock_and_credit_are_reserved() {
    let (world, ada, lamp) = world().await;
    let placed = world.place(&ada, lamp).await;
    let id = id_of(&placed);
    assert_eq!(
        placed,
        json!({
            "OrderId": id, "UserName": "ada", "ProductId": lamp, "ProductName": "Lamp", "Quantity": 1,
            "Price": 19.99, "Total": 19.99, "Currency": "EUR", "Status": "Pending",
            "StockStatus": "Pending", "CreditStatus": "Pending", "Reasons": [], "InvoiceNumber": null, "Channel": "api",
            "PlacedAt": placed["PlacedAt"], "UpdatedAt": placed["PlacedAt"],
        })
    );
    world.stock_reserved(lamp, id).await;
    assert_words(&world.single(&ada, id).await, ["Pending", "Reserved", "Pending"]);
    world.credit_reserved(ada.id, id).await;
    world.settle().await;
    assert_words(&world.single(&ada, id).await, ["Finalized", "Reserved", "Reserved"]);
    world.wound_up(&placed, ada.id, 7).await;
    let ended = world.single(&ada, id).await;
    assert_words(&ended, ["Finalized", "Committed", "Debited"]);
    assert_eq!(ended["InvoiceNumber"], 7);
    assert_eq!(world.kinds_of(id).await, ["order.placed", "order.approved", "order.finalized"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_denied_with_every_reason_and_what_was_reserved_is_released() {
    let (world, ada, lamp) = world().await;
    let id = id_of(&world.place(&ada, lamp).await);
    world.credit_denied(ada.id, id).await;
    world.stock_denied(lamp, id, Reason::OutOfStock).await;
    world.settle().await;
    let denied = world.single(&ada, id).await;
    assert_words(&denied, ["Canceled", "Denied", "Denied"]);
    assert_eq!(denied["Reasons"], json!(["out-of-stock", "low-credit"]));

    let id = id_of(&world.place(&ada, lamp).await);
    world.stock_reserved(lamp, id).await;
    world.credit_denied(ada.id, id).await;
    world.settle().await;
    world.stock_released(lamp, id).await;
    let denied = world.single(&ada, id).await;
    assert_words(&denied, ["Canceled", "Released", "Denied"]);
    assert_eq!(denied["Reasons"], json!(["low-credit"]));
}

#[tokio::test(start_paused = true)]
async fn promise_7_an_order_without_answers_is_denied_at_its_deadline_and_late_answers_change_nothing()
 {
    let (world, ada, lamp) = world().await;
    let id = id_of(&world.place(&ada, lamp).await);
    world.stock_reserved(lamp, id).await;
    tokio::time::sleep(Duration::from_millis(9_900)).await;
    assert_words(&world.single(&ada, id).await, ["Pending", "Reserved", "Pending"]);
    tokio::time::sleep(Duration::from_millis(600)).await;
    world.settle().await;
    let denied = world.single(&ada, id).await;
    assert_words(&denied, ["Canceled", "Reserved", "Pending"]);
    assert_eq!(denied["Reasons"], json!(["deadline"]));

    world.credit_reserved(ada.id, id).await;
    world.settle().await;
    world.credit_released(ada.id, id).await;
    world.stock_released(lamp, id).await;
    assert_words(&world.single(&ada, id).await, ["Canceled", "Released", "Released"]);
    assert_eq!(world.kinds_of(id).await, ["order.placed", "order.denied"]);
}

#[tokio::test(start_paused = true)]
async fn the_metrics_tell_open_orders_and_how_orders_end() {
    let (world, ada, lamp) = world().await;
    let [kept, denied, _open] = [
        world.place(&ada, lamp).await,
        world.place(&ada, lamp).await,
        world.place(&ada, lamp).await,
    ];
    world.stock_reserved(lamp, id_of(&kept)).await;
    world.stock_denied(lamp, id_of(&denied), Reason::OutOfStock).await;
    for order in [&kept, &denied] {
        world.credit_reserved(ada.id, id_of(order)).await;
    }
    world.settle().await;
    let metrics = world.deps.metrics.encode();
    for line in [
        "orders_open{service=\"order\"} 1",
        "orders_ended_total{service=\"order\",outcome=\"finalized\"} 1",
        "orders_ended_total{service=\"order\",outcome=\"canceled\"} 1",
        "order_seconds_count{service=\"order\"} 2",
    ] {
        assert!(metrics.contains(line), "{line} is missing from {metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_jump_of_the_clock_neither_ends_an_order_early_nor_keeps_one_open() {
    let (world, ada, lamp) = world().await;
    let early = id_of(&world.place(&ada, lamp).await);
    world.clock.set_ahead(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_millis(900)).await;
    world.settle().await;
    assert_eq!(world.single(&ada, early).await["Status"], "Pending", "most of its time is left");
    let ahead = id_of(&world.place(&ada, lamp).await);
    world.clock.set_right();
    tokio::time::sleep(Duration::from_secs(11)).await;
    world.settle().await;
    for order in [early, ahead] {
        assert_eq!(world.single(&ada, order).await["Reasons"], json!(["deadline"]));
    }
    let behind = id_of(&world.place(&ada, lamp).await);
    world.clock.set_behind(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_secs(11)).await;
    world.settle().await;
    world.clock.set_right();
    assert_eq!(world.single(&ada, behind).await["Reasons"], json!(["deadline"]));
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_kept_across_a_restart() {
    let (world, ada, lamp) = world().await;
    let (open, answered) = (world.place(&ada, lamp).await, world.place(&ada, lamp).await);
    world.stock_reserved(lamp, id_of(&answered)).await;
    let world = world.reopened().await;
    world.credit_reserved(ada.id, id_of(&answered)).await;
    world.settle().await;
    let found = world.single(&ada, id_of(&answered)).await;
    assert_eq!(found["Status"], "Finalized", "what was heard before the restart is heard again");
    tokio::time::sleep(Duration::from_secs(11)).await;
    world.settle().await;
    assert_eq!(world.single(&ada, id_of(&open)).await["Reasons"], json!(["deadline"]));
    assert_eq!(world.kinds_of(id_of(&answered)).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn promise_4_two_instances_end_every_order_once() {
    let (world, ada, lamp) = world().await;
    let second = world.second_instance().await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        orders.push(id_of(&world.place(&ada, lamp).await));
    }
    for id in &orders {
        world.stock_reserved(lamp, *id).await;
        world.credit_reserved(ada.id, *id).await;
    }
    let unanswered = id_of(&world.place(&ada, lamp).await);
    tokio::time::sleep(Duration::from_secs(12)).await;
    world.idle(&[&world.service, &second]).await;
    for id in orders {
        assert_eq!(world.kinds_of(id).await, ["order.placed", "order.approved", "order.finalized"]);
    }
    assert_eq!(world.kinds_of(unanswered).await, ["order.placed", "order.denied"]);
    assert_eq!(testing::dump(&world.service).await, testing::dump(&second).await);
    let model = world.service.model.as_ref().expect("a model");
    for balance in model.balances().await.expect("balances") {
        assert_eq!((balance.left, balance.right), (13, 13), "{}", balance.name);
    }
}

async fn world() -> (World, Person, Uuid) {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lamp = world.product("Lamp", 1999).await;
    (world, ada, lamp)
}

fn assert_words(order: &Value, expected: [&str; 3]) {
    let words = [&order["Status"], &order["StockStatus"], &order["CreditStatus"]];
    assert_eq!(words, expected.each_ref(), "{order}");
}
