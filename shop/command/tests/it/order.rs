//! `agora order` against the stub.

use serde_json::{Value, json};

use crate::{
    run::agora,
    stub::{Saga, Stub},
};

const ORDER: &str = "a60a0000-0000-0000-0000-0000000f4240";

/// A recorded event: its type, milliseconds after the beginning, and the index of the event that it reacts to.
type Event<'a> = (&'a str, f64, Option<usize>);

/// A shop with one order of this history.
async fn shop_with(events: &[Event<'_>]) -> Stub {
    let stub = Stub::start().await;
    stub.shop().saga = Saga::Untold;
    let steps = events.iter().enumerate().map(|(index, event)| step(index, *event));
    stub.shop().history.extend(steps);
    stub.shop().orders.push(json!({
        "OrderId": ORDER, "UserName": "ada", "ProductName": "Tea", "Quantity": 2, "Price": 3.50, "Total": 7.00,
        "Status": "Finalized", "StockStatus": "Committed", "CreditStatus": "Debited", "Reasons": [], "InvoiceNumber": 12,
    }));
    stub
}

fn step(index: usize, (event, after_ms, cause): Event<'_>) -> Value {
    let (service, _) = event.split_once('.').expect("service.what");
    let actor = match (index, cause) {
        (0, _) => "customer:a60a0000-0000-0000-0000-000000000007",
        (_, Some(_)) => "reactor:x",
        (_, None) => "reactor:order-deadline",
    };
    let mut step = json!({
        "Event": event, "Service": service, "Actor": actor, "Position": 100 + index,
        "At": format!("2026-01-31T12:00:00.{:06}Z", (after_ms * 1000.0).round()), "Details": { "x": 1 },
    });
    if let Some(cause) = cause {
        step["Cause"] = json!(100 + cause);
    }
    step
}

fn canceled(stub: &Stub, reason: &str) {
    let mut shop = stub.shop();
    shop.orders[0]["Status"] = json!("Canceled");
    shop.orders[0]["Reasons"] = json!([reason]);
    shop.orders[0]["InvoiceNumber"] = json!(null);
}

const FINALIZED: &[Event<'_>] = &[
    ("order.placed", 0.0, None),
    ("product.stock-reserved", 1.2, Some(0)),
    ("customer.credit-reserved", 1.3, Some(0)),
    ("order.approved", 2.5, Some(2)),
    ("order.finalized", 2.5, Some(2)),
    ("customer.credit-debited", 3.6, Some(4)),
    ("product.stock-committed", 3.75, Some(4)),
    ("accounting.invoice-issued", 4.0, Some(4)),
];

#[tokio::test]
async fn a_finalized_order_is_drawn_as_a_sequence_of_steps() {
    let stub = shop_with(FINALIZED).await;
    let ran = agora(&stub, ["order", ORDER, "--width", "120"]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    Order 000F-4240 (a60a0000-0000-0000-0000-0000000f4240): Finalized, invoice 12
    2 x Tea at 3.50, 7.00 in total, for ada
                 shopper          order          product        customer       accounting
        +0.0 ms     ├──────────────▶●               │               │               │   order.placed
        +1.2 ms     │               ├──────────────▶●               │               │   product.stock-reserved  1.2 ms
        +1.3 ms     │               ├───────────────┼──────────────▶●               │   customer.credit-reserved  1.3 ms
        +2.5 ms     │               ●◀──────────────┼───────────────┤               │   order.approved  1.2 ms
        +2.5 ms     │               ●◀──────────────┼───────────────┤               │   order.finalized  1.2 ms
        +3.6 ms     │               ├───────────────┼──────────────▶●               │   customer.credit-debited  1.1 ms
        +3.8 ms     │               ├──────────────▶●               │               │   product.stock-committed  1.2 ms
        +4.0 ms     │               ├───────────────┼───────────────┼──────────────▶●   accounting.invoice-issued  1.5 ms
        +4.0 ms  in total, 8 steps
    ");
}

#[tokio::test]
async fn a_denied_order_shows_its_denial_and_its_release() {
    let stub = shop_with(&[
        ("order.placed", 0.0, None),
        ("customer.credit-reserved", 1.0, Some(0)),
        ("product.stock-denied", 1.5, Some(0)),
        ("order.denied", 2.0, Some(2)),
        ("customer.credit-released", 3.0, Some(3)),
    ])
    .await;
    canceled(&stub, "out-of-stock");
    let ran = agora(&stub, ["order", ORDER, "--ascii", "--width", "100"]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    Order 000F-4240 (a60a0000-0000-0000-0000-0000000f4240): Canceled (out-of-stock)
    2 x Tea at 3.50, 7.00 in total, for ada
                 shopper      order      product    customer   accounting
        +0.0 ms     +---------->o           |           |           |   order.placed
        +1.0 ms     |           +-----------+---------->o           |   customer.credit-reserved  1.0 ms
        +1.5 ms     |           +---------->o           |           |   product.stock-denied  1.5 ms
        +2.0 ms     |           o<----------+           |           |   order.denied  0.5 ms
        +3.0 ms     |           +-----------+---------->o           |   customer.credit-released  1.0 ms
        +3.0 ms  in total, 5 steps
    ");
}

#[tokio::test]
async fn an_order_denied_at_its_deadline_says_so() {
    let stub = shop_with(&[
        ("order.placed", 0.0, None),
        ("product.stock-reserved", 1.0, Some(0)),
        ("order.denied", 900.0, None),
        ("product.stock-released", 901.0, Some(2)),
        ("customer.credit-denied", 950.0, Some(0)),
    ])
    .await;
    canceled(&stub, "deadline");
    let ran = agora(&stub, ["order", ORDER]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    Order 000F-4240 (a60a0000-0000-0000-0000-0000000f4240): Canceled (deadline)
    2 x Tea at 3.50, 7.00 in total, for ada
                 shopper      order      product    customer   accounting
        +0.0 ms     ├──────────▶●           │           │           │   order.placed
        +1.0 ms     │           ├──────────▶●           │           │   product.stock-reserved  1.0 ms
      +900.0 ms     │           ●           │           │           │   order.denied  (deadline)
      +901.0 ms     │           ├──────────▶●           │           │   product.stock-released  1.0 ms
      +950.0 ms     │           ├───────────┼──────────▶●           │   customer.credit-denied  950.0 ms
      +950.0 ms  in total, 5 steps
    ");
}

#[tokio::test]
async fn what_came_too_late_is_drawn_from_what_was_recorded_as_its_cause() {
    let stub = shop_with(&[
        ("order.placed", 0.0, None),
        ("customer.credit-denied", 1.0, Some(0)),
        ("order.denied", 900.0, None),
        // Released because of the late answer itself, not because of the denial.
        ("product.stock-reserved", 950.0, Some(0)),
        ("product.stock-released", 951.0, Some(3)),
    ])
    .await;
    canceled(&stub, "deadline");
    let ran = agora(&stub, ["order", ORDER]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    Order 000F-4240 (a60a0000-0000-0000-0000-0000000f4240): Canceled (deadline)
    2 x Tea at 3.50, 7.00 in total, for ada
                 shopper      order      product    customer   accounting
        +0.0 ms     ├──────────▶●           │           │           │   order.placed
        +1.0 ms     │           ├───────────┼──────────▶●           │   customer.credit-denied  1.0 ms
      +900.0 ms     │           ●           │           │           │   order.denied  (deadline)
      +950.0 ms     │           ├──────────▶●           │           │   product.stock-reserved  950.0 ms
      +951.0 ms     │           │           ●           │           │   product.stock-released  1.0 ms
      +951.0 ms  in total, 5 steps
    ");
}

#[tokio::test]
async fn a_service_that_the_shop_does_not_know_has_its_lifeline() {
    let stub = shop_with(&[
        ("order.placed", 0.0, None),
        ("loyalty.points-granted", 1.0, Some(0)),
        ("loyalty.reward-sent", 2.0, Some(1)),
        ("loyalty.audited", 3.0, Some(800)),
    ])
    .await;
    let ran = agora(&stub, ["order", ORDER, "--ascii", "--width", "140"]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    Order 000F-4240 (a60a0000-0000-0000-0000-0000000f4240): Finalized, invoice 12
    2 x Tea at 3.50, 7.00 in total, for ada
                 shopper          order          product        customer       accounting        loyalty
        +0.0 ms     +-------------->o               |               |               |               |   order.placed
        +1.0 ms     |               +---------------+---------------+---------------+-------------->o   loyalty.points-granted  1.0 ms
        +2.0 ms     |               |               |               |               |               o   loyalty.reward-sent  1.0 ms
        +3.0 ms     |               |               |               |               |               o   loyalty.audited  (reacts to event 900)
        +3.0 ms  in total, 4 steps
    ");
}

#[tokio::test]
async fn a_long_history_is_read_to_its_end() {
    let stub = shop_with(&[("order.placed", 0.0, None)]).await;
    let granted = |index| step(index, ("loyalty.points-granted", 1.0, Some(0)));
    stub.shop().history.extend((1..700).map(granted));
    let ran = agora(&stub, ["order", ORDER, "--json"]).await.expect_code(0);
    assert_eq!(ran.json()["History"].as_array().map(Vec::len), Some(700));
}

#[tokio::test]
async fn where_no_diagram_fits_the_steps_are_listed() {
    let stub = shop_with(FINALIZED).await;
    let ran = agora(&stub, ["order", ORDER, "--width", "50"]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    Order 000F-4240 (a60a0000-0000-0000-0000-0000000f4240): Finalized, invoice 12
    2 x Tea at 3.50, 7.00 in total, for ada
        +0.0 ms  order.placed
        +1.2 ms  product.stock-reserved  1.2 ms
        +1.3 ms  customer.credit-reserved  1.3 ms
        +2.5 ms  order.approved  1.2 ms
        +2.5 ms  order.finalized  1.2 ms
        +3.6 ms  customer.credit-debited  1.1 ms
        +3.8 ms  product.stock-committed  1.2 ms
        +4.0 ms  accounting.invoice-issued  1.5 ms
        +4.0 ms  in total, 8 steps
    ");
}

#[tokio::test]
async fn a_terminal_of_eighty_columns_has_room_for_the_diagram() {
    let stub = shop_with(FINALIZED).await;
    let ran = agora(&stub, ["order", ORDER, "--width", "80"]).await.expect_code(0);
    insta::assert_snapshot!(ran.stdout, @r"
    Order 000F-4240 (a60a0000-0000-0000-0000-0000000f4240): Finalized, invoice 12
    2 x Tea at 3.50, 7.00 in total, for ada
                 shopper   order   product customer accounting
        +0.0 ms     ├───────▶●        │        │        │   placed
        +1.2 ms     │        ├───────▶●        │        │   stock-reserved  1.2 ms
        +1.3 ms     │        ├────────┼───────▶●        │   credit-reserved  1.3 ms
        +2.5 ms     │        ●◀───────┼────────┤        │   approved  1.2 ms
        +2.5 ms     │        ●◀───────┼────────┤        │   finalized  1.2 ms
        +3.6 ms     │        ├────────┼───────▶●        │   credit-debited  1.1 ms
        +3.8 ms     │        ├───────▶●        │        │   stock-committed  1.2 ms
        +4.0 ms     │        ├────────┼────────┼───────▶●   invoice-issued  1.5 ms
        +4.0 ms  in total, 8 steps
    ");
}

#[tokio::test]
async fn an_order_is_found_by_the_digits_that_logs_show() {
    let stub = shop_with(FINALIZED).await;
    let whole = agora(&stub, ["order", ORDER]).await.expect_code(0);
    for part in ["0000000f4240", "f4240", "A60A0000", "a60a0000-0000"] {
        let found = agora(&stub, ["order", part]).await.expect_code(0);
        assert_eq!(found.stdout, whole.stdout, "{part}");
    }
    let other = ORDER.replace("f4240", "e4240");
    stub.shop().orders.push(json!({ "OrderId": other }));
    let several = agora(&stub, ["order", "a60a"]).await.expect_code(1).stderr;
    assert!(several.contains(ORDER) && several.contains(&other), "{several}");
    let none = agora(&stub, ["order", "ffff"]).await.expect_code(1).stderr;
    assert!(none.contains("no order has an id that begins or ends with ffff"), "{none}");
    agora(&stub, ["order", "banana"]).await.expect_code(2);
}

#[tokio::test]
async fn machines_read_the_order_and_its_history_as_they_were_answered() {
    let stub = shop_with(FINALIZED).await;
    let ran = agora(&stub, ["order", ORDER, "--json"]).await.expect_code(0);
    let shop = stub.shop();
    assert_eq!(ran.json(), json!({ "Order": shop.orders[0], "History": shop.history }));
}

#[tokio::test]
async fn an_order_that_nobody_knows_is_an_error() {
    let stub = Stub::start().await;
    let ran = agora(&stub, ["order", ORDER]).await.expect_code(1);
    assert_eq!(ran.stderr, format!("agora: order {ORDER} is not known\n"));
}
