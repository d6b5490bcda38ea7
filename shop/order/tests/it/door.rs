//! Load shedding: an order that could not be answered in time is refused before it is recorded.

use std::time::Duration;

use contracts::order::Reason;
use serde_json::json;

use crate::harness::{Shop, id_of};

/// A third of the deadline of 10 s.
const PART: Duration = Duration::from_millis(3_400);

#[tokio::test(start_paused = true)]
async fn an_order_is_refused_while_the_oldest_waits_too_long_and_nothing_is_recorded() {
    let shop = Shop::open().await;
    let ada = shop.person("ada").await;
    let lamp = shop.product("Lamp", 5).await;
    let order = json!({ "ProductId": lamp });
    let first = shop.keyed("/place-order", &ada, ("first", order.clone())).await;
    assert_eq!(first.status, 202);
    shop.settle().await;
    tokio::time::sleep(PART / 2).await;
    let second = shop.place(&ada, lamp).await;
    tokio::time::sleep(PART / 2).await;
    let recorded = shop.events().await.len();
    let refused = shop.post("/place-order", &ada, order.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["type"]), (503, &json!("/problems/busy")));
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    let again = shop.keyed("/place-order", &ada, ("first", order.clone())).await;
    assert_eq!(
        (again.status.as_u16(), &again.body),
        (202, &first.body),
        "what is placed is placed"
    );
    let wrong = shop.post("/place-order", &ada, json!({ "ProductId": lamp, "Quantity": 0 })).await;
    assert_eq!(wrong.status, 422, "what is wrong is wrong, busy or not");
    assert_eq!(shop.events().await.len(), recorded);

    // The oldest is answered: the next one has not waited that long.
    shop.stock_denied(lamp, id_of(&first.body), Reason::OutOfStock).await;
    shop.credit_denied(ada.id, id_of(&first.body)).await;
    shop.settle().await;
    let accepted = shop.post("/place-order", &ada, order.clone()).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");

    // What is never answered is denied at its deadline, and the door opens by itself.
    tokio::time::sleep(Duration::from_secs(11)).await;
    shop.settle().await;
    assert_eq!(shop.single(&ada, id_of(&second)).await["Status"], "Canceled");
    let accepted = shop.post("/place-order", &ada, order).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
}

#[tokio::test(start_paused = true)]
async fn the_part_is_one_of_the_shops_own_deadline() {
    let shop = Shop::open_with(|config| config.deadline = Duration::from_mins(1)).await;
    let ada = shop.person("ada").await;
    let lamp = shop.product("Lamp", 5).await;
    shop.place(&ada, lamp).await;
    tokio::time::sleep(Duration::from_secs(19)).await;
    shop.place(&ada, lamp).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let refused = shop.post("/place-order", &ada, json!({ "ProductId": lamp })).await;
    assert_eq!(refused.status, 503);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_refused_while_more_are_open_than_end_in_its_time_however_young_they_are() {
    let shop = Shop::open().await;
    let ada = shop.person("ada").await;
    let lamp = shop.product("Lamp", 5).await;
    let order = json!({ "ProductId": lamp });
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(id_of(&shop.place(&ada, lamp).await));
    }
    shop.settle().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let refused = shop.post("/place-order", &ada, order.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["type"]), (503, &json!("/problems/busy")));

    // Twenty a second end the other eighty in four seconds: too long a wait for the deadline of ten.
    for id in open.drain(..20) {
        shop.stock_denied(lamp, id, Reason::OutOfStock).await;
        shop.credit_denied(ada.id, id).await;
    }
    shop.settle().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let refused = shop.post("/place-order", &ada, order.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["type"]), (503, &json!("/problems/busy")));

    // Once no more are open than in any shop that is used, the door opens.
    for id in open.drain(..50) {
        shop.stock_denied(lamp, id, Reason::OutOfStock).await;
        shop.credit_denied(ada.id, id).await;
    }
    shop.settle().await;
    let accepted = shop.post("/place-order", &ada, order).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
}
