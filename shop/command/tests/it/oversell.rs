//! Nothing is sold twice: promise 6 against the real process, with more wanted than there is.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use kernel::Ids;
use serde_json::{Value, json};

use crate::{
    books::Books,
    shop::{Person, Shop, eventually},
};

/// How many orders ended in which way, for which reasons.
fn ends(orders: &[Value]) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for order in orders {
        let status = order["Status"].as_str().expect("a text");
        let reasons = order["Reasons"].as_array().expect("a list").iter();
        let reasons: Vec<&str> = reasons.map(|reason| reason.as_str().expect("a text")).collect();
        *ends.entry(format!("{status} {}", reasons.join(" "))).or_default() += 1;
    }
    ends
}

fn counted<const N: usize>(ends: [(&str, usize); N]) -> BTreeMap<String, usize> {
    ends.into_iter().map(|(end, count)| (end.to_owned(), count)).collect()
}

#[tokio::test]
async fn a_hundred_orders_for_ten_pieces_sell_ten() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    let buyers = ["ada", "ben", "cleo", "dan"];
    manager.add_customers(&buyers, "1000").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 10)).await.remove(0);
    join_all((0..25).flat_map(|_| buyers).map(|buyer| manager.order(&lamp, buyer))).await;
    let orders = manager.ended_orders().await;
    assert_eq!(ends(&orders), counted([("Canceled out-of-stock", 90), ("Finalized ", 10)]));
    let lamp = manager.get(&format!("/product/get-product-details?ProductId={lamp}")).await;
    assert_eq!((&lamp["UnitsInStock"], &lamp["Available"]), (&json!(0), &json!(0)));
    Books::of(&manager.events().await).all_ended();
}

#[tokio::test]
async fn twenty_orders_on_credit_for_three_buy_three() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    manager.add_customers(&["eve"], "29.98").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 1000)).await.remove(0);
    let eve = manager.log_in("eve", "eve's password").await;
    join_all((0..20).map(|_| async {
        let placed = eve.post("/order/place-order", json!({ "ProductId": lamp })).await;
        assert_eq!(placed.status, 202, "{placed:?}");
    }))
    .await;
    let orders = manager.ended_orders().await;
    assert_eq!(ends(&orders), counted([("Canceled low-credit", 17), ("Finalized ", 3)]));
    let credit = eve.get("/customer/get-credit?UserName=eve").await;
    let left = json!({ "UserName": "eve", "Credit": 0.01, "Reserved": 0.0, "Available": 0.01 });
    assert_eq!(credit.to_string(), left.to_string());
    Books::of(&manager.events().await).all_ended();
}

#[tokio::test]
async fn the_balances_hold_under_a_manager_who_changes_everything() {
    let shop = Shop::start().await;
    let manager = shop.manager().await;
    let buyers = ["fay", "gus", "hal"];
    manager.add_customers(&buyers, "150").await;
    let products = manager.add_products(&["Lamp", "Vase"], ("9.99", 20)).await;
    let placing = (0..180_usize).map(|n| {
        let (product, buyer) = (&products[n % 2], buyers[n % 3]);
        manager.order(product, buyer)
    });
    let ids = Ids::from_seed([6; 32]);
    let meddling = (0..60).map(|n| meddle(&manager, &products[n % 2], buyers[n % 3], ids.bytes()));
    tokio::join!(join_all(placing), async {
        for change in meddling {
            change.await;
        }
    });
    let ends = ends(&manager.ended_orders().await);
    assert!(ends["Finalized "] > 0 && ends.len() > 2, "much was sold, and much refused: {ends:?}");
    let books = Books::of(&manager.events().await);
    books.all_ended();
    balances_hold(&manager, &books).await;
}

/// Changes price, stock and credit a little; taking away what is reserved is refused.
async fn meddle(manager: &Person, product: &str, buyer: &str, [price, units, credit]: [u8; 3]) {
    let price =
        json!({ "ProductId": product, "Price": format!("{}.{:02}", 5 + price % 8, price % 100) });
    manager.post("/product/update-product", price).await.ok();
    let units = json!({ "ProductId": product, "UnitsChange": i64::from(units % 7) - 3 });
    let units = manager.post("/product/update-product", units).await;
    assert!([200, 422].contains(&units.status), "{units:?}");
    let credit = json!({ "UserName": buyer, "Change": i64::from(credit % 21) - 10 });
    let credit = manager.post("/customer/set-credit", credit).await;
    assert!([200, 422].contains(&credit.status), "{credit:?}");
}

/// `get-status` says the same as the log once the services have announced what they know by now.
async fn balances_hold(manager: &Person, books: &Books) {
    let sum = |category: &str, of: fn(&crate::books::Account) -> i64| -> i64 {
        let accounts = books.accounts.iter().filter(|(stream, _)| stream.starts_with(category));
        accounts.map(|(_, account)| of(account)).sum()
    };
    let expected = [
        ("product", sum("product-", |account| account.in_all)),
        ("customer", sum("customer-", |account| account.in_all)),
    ];
    eventually("get-status shows the balances", async || {
        let status = manager.get("/system/get-status").await;
        let shown = |service: &str, sum: i64| {
            let services = status["Services"].as_array().expect("a list");
            let service = services.iter().find(|known| known["Name"] == service)?;
            let balances = service["Instances"][0]["Balances"].as_array()?;
            assert!(balances.iter().all(|balance| balance["Holds"] == true), "{balances:?}");
            balances.iter().find(|balance| balance["Left"] == sum).map(|_| ())
        };
        expected.iter().try_for_each(|(service, sum)| shown(service, *sum))
    })
    .await;
}
