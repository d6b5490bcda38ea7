//! The saga as the order service sees it: what is recorded once stock and credit have answered, or time is up.

use std::time::Duration;

use contracts::order::Reason;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, Shop, id_of};

#[tokio::test(start_paused = true)]
async fn an_order_is_finalized_once_stock_and_credit_are_reserved() {
    let (shop, ada, lamp) = shop().await;
    let placed = shop.place(&ada, lamp).await;
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
    shop.stock_reserved(lamp, id).await;
    assert_words(&shop.single(&ada, id).await, ["Pending", "Reserved", "Pending"]);
    shop.credit_reserved(ada.id, id).await;
    shop.settle().await;
    assert_words(&shop.single(&ada, id).await, ["Finalized", "Reserved", "Reserved"]);
    shop.wound_up(&placed, ada.id, 7).await;
    let ended = shop.single(&ada, id).await;
    assert_words(&ended, ["Finalized", "Committed", "Debited"]);
    assert_eq!(ended["InvoiceNumber"], 7);
    assert_eq!(shop.kinds_of(id).await, ["order.placed", "order.approved", "order.finalized"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_denied_with_every_reason_and_what_was_reserved_is_released() {
    let (shop, ada, lamp) = shop().await;
    let id = id_of(&shop.place(&ada, lamp).await);
    shop.credit_denied(ada.id, id).await;
    shop.stock_denied(lamp, id, Reason::OutOfStock).await;
    shop.settle().await;
    let denied = shop.single(&ada, id).await;
    assert_words(&denied, ["Canceled", "Denied", "Denied"]);
    assert_eq!(denied["Reasons"], json!(["out-of-stock", "low-credit"]));

    let id = id_of(&shop.place(&ada, lamp).await);
    shop.stock_reserved(lamp, id).await;
    shop.credit_denied(ada.id, id).await;
    shop.settle().await;
    shop.stock_released(lamp, id).await;
    let denied = shop.single(&ada, id).await;
    assert_words(&denied, ["Canceled", "Released", "Denied"]);
    assert_eq!(denied["Reasons"], json!(["low-credit"]));
}

#[tokio::test(start_paused = true)]
async fn promise_7_an_order_without_answers_is_denied_at_its_deadline_and_late_answers_change_nothing()
 {
    let (shop, ada, lamp) = shop().await;
    let id = id_of(&shop.place(&ada, lamp).await);
    shop.stock_reserved(lamp, id).await;
    tokio::time::sleep(Duration::from_millis(9_900)).await;
    assert_words(&shop.single(&ada, id).await, ["Pending", "Reserved", "Pending"]);
    tokio::time::sleep(Duration::from_millis(600)).await;
    shop.settle().await;
    let denied = shop.single(&ada, id).await;
    assert_words(&denied, ["Canceled", "Reserved", "Pending"]);
    assert_eq!(denied["Reasons"], json!(["deadline"]));

    shop.credit_reserved(ada.id, id).await;
    shop.settle().await;
    shop.credit_released(ada.id, id).await;
    shop.stock_released(lamp, id).await;
    assert_words(&shop.single(&ada, id).await, ["Canceled", "Released", "Released"]);
    assert_eq!(shop.kinds_of(id).await, ["order.placed", "order.denied"]);
}

#[tokio::test(start_paused = true)]
async fn the_metrics_tell_open_orders_and_how_orders_end() {
    let (shop, ada, lamp) = shop().await;
    let [kept, denied, _open] =
        [shop.place(&ada, lamp).await, shop.place(&ada, lamp).await, shop.place(&ada, lamp).await];
    shop.stock_reserved(lamp, id_of(&kept)).await;
    shop.stock_denied(lamp, id_of(&denied), Reason::OutOfStock).await;
    for order in [&kept, &denied] {
        shop.credit_reserved(ada.id, id_of(order)).await;
    }
    shop.settle().await;
    let metrics = shop.deps.metrics.encode();
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
    let (shop, ada, lamp) = shop().await;
    let early = id_of(&shop.place(&ada, lamp).await);
    shop.clock.set_ahead(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_millis(900)).await;
    shop.settle().await;
    assert_eq!(shop.single(&ada, early).await["Status"], "Pending", "most of its time is left");
    let ahead = id_of(&shop.place(&ada, lamp).await);
    shop.clock.set_right();
    tokio::time::sleep(Duration::from_secs(11)).await;
    shop.settle().await;
    for order in [early, ahead] {
        assert_eq!(shop.single(&ada, order).await["Reasons"], json!(["deadline"]));
    }
    let behind = id_of(&shop.place(&ada, lamp).await);
    shop.clock.set_behind(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_secs(11)).await;
    shop.settle().await;
    shop.clock.set_right();
    assert_eq!(shop.single(&ada, behind).await["Reasons"], json!(["deadline"]));
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_kept_across_a_restart() {
    let (shop, ada, lamp) = shop().await;
    let (open, answered) = (shop.place(&ada, lamp).await, shop.place(&ada, lamp).await);
    shop.stock_reserved(lamp, id_of(&answered)).await;
    let shop = shop.reopen().await;
    shop.credit_reserved(ada.id, id_of(&answered)).await;
    shop.settle().await;
    let found = shop.single(&ada, id_of(&answered)).await;
    assert_eq!(found["Status"], "Finalized", "what was heard before the restart is heard again");
    tokio::time::sleep(Duration::from_secs(11)).await;
    shop.settle().await;
    assert_eq!(shop.single(&ada, id_of(&open)).await["Reasons"], json!(["deadline"]));
    assert_eq!(shop.kinds_of(id_of(&answered)).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn promise_4_two_instances_end_every_order_once() {
    let (shop, ada, lamp) = shop().await;
    let second = shop.second_instance().await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        orders.push(id_of(&shop.place(&ada, lamp).await));
    }
    for id in &orders {
        shop.stock_reserved(lamp, *id).await;
        shop.credit_reserved(ada.id, *id).await;
    }
    let unanswered = id_of(&shop.place(&ada, lamp).await);
    tokio::time::sleep(Duration::from_secs(12)).await;
    shop.settled(&[&shop.service, &second]).await;
    for id in orders {
        assert_eq!(shop.kinds_of(id).await, ["order.placed", "order.approved", "order.finalized"]);
    }
    assert_eq!(shop.kinds_of(unanswered).await, ["order.placed", "order.denied"]);
    assert_eq!(testing::dump(&shop.service).await, testing::dump(&second).await);
    let model = shop.service.model.as_ref().expect("a model");
    for balance in model.balances().await.expect("balances") {
        assert_eq!((balance.left, balance.right), (13, 13), "{}", balance.name);
    }
}

async fn shop() -> (Shop, Person, Uuid) {
    let shop = Shop::open().await;
    let ada = shop.person("ada").await;
    let lamp = shop.product("Lamp", 1999).await;
    (shop, ada, lamp)
}

fn assert_words(order: &Value, expected: [&str; 3]) {
    let words = [&order["Status"], &order["StockStatus"], &order["CreditStatus"]];
    assert_eq!(words, expected.each_ref(), "{order}");
}
