//! More orders than the shop can do: what it accepts it finishes, the rest it refuses, and then it is at rest again (promise 11).

use std::time::Duration;

use serde_json::{Value, json};
use servers::usage::resident_bytes;

use crate::{
    books::Books,
    flood::Flood,
    shop::{Folder, Person, Shop, eventually},
};

/// How much more is offered than was done.
const TIMES: f64 = 4.0;
/// How often the rate is doubled until something is refused: what else the machine had to do while the shop was measured may be over.
const RAISED_MAX: usize = 4;
/// For how long.
const SECONDS: f64 = 5.0;
/// Clients of one customer: many more than the order service lets in at once.
const CLIENTS: usize = 512;
/// Orders that one client of another customer places meanwhile.
const CALM: usize = 10;
/// It places so many times more of them than a client of the flood, at the least.
const TIMES_A_CLIENT: usize = 2;
/// The bytes that a shop is meant to stay within.
const BUDGET: u64 = 256 << 20;

#[tokio::test]
async fn offered_four_times_what_it_can_do_a_shop_finishes_what_it_accepts() {
    let shop = Shop::start().await;
    let can = bench(&shop, &["--orders", "300", "--concurrency", "64"]).await;
    let mut rate = (can["orders_per_s"].as_f64().expect("a rate") * TIMES).ceil();
    let mut refused = false;
    for _ in 0..RAISED_MAX {
        let (orders, per_s) = ((rate * SECONDS).to_string(), rate.to_string());
        let offered = bench(&shop, &["--orders", &orders, "--open-loop", &per_s]).await;
        let ended = &offered["orders"];
        let all = json!([{ "status": "Finalized", "reasons": [], "orders": ended }]);
        assert_eq!((&offered["outcomes"], &offered["unfinished"]), (&all, &json!(0)), "{offered}");
        refused = offered["busy"].as_u64() > Some(0);
        if refused {
            break;
        }
        rate *= 2.0;
    }
    assert!(refused, "nothing was refused up to {rate} orders/s");
    is_at_rest(&shop.manager().await).await;
    shop.down().await;
}

#[tokio::test]
async fn clients_that_do_not_wait_for_the_end_are_slowed_down_and_no_order_is_denied() {
    let shop = Shop::start().await;
    let until = ["--orders", "1500", "--concurrency", "64", "--until", "accepted"];
    let placed = bench(&shop, &until).await;
    let all = json!([{ "status": "Finalized", "reasons": [], "orders": 1500 }]);
    assert_eq!(placed["outcomes"], all, "{placed}");
    is_at_rest(&shop.manager().await).await;
    shop.down().await;
}

#[tokio::test]
async fn many_clients_refused_at_once_all_get_in_eventually() {
    let folder = Folder::new();
    // So little time that a few orders are a crowd.
    let shop = folder.up_with(|command| _ = command.env("AGORA_ORDER_DEADLINE", "5")).await;
    let orders = ["--orders", "400", "--concurrency", "300", "--customers", "3"];
    let placed = bench(&shop, &orders).await;
    let all = json!([{ "status": "Finalized", "reasons": [], "orders": 400 }]);
    assert_eq!(placed["outcomes"], all, "{placed}");
    shop.down().await;
}

#[tokio::test]
async fn one_customer_that_floods_does_not_crowd_out_another_and_memory_stays_in_its_budget() {
    let folder = Folder::new();
    // So little time that the flood is a crowd on a fast machine too.
    let shop = folder.up_with(|command| _ = command.env("AGORA_ORDER_DEADLINE", "6")).await;
    let manager = shop.manager().await;
    manager.add_customers(&["ada", "ben"], "1000000").await;
    let lamp = manager.add_products(&["Lamp"], ("1.00", 1_000_000)).await.remove(0);
    let ada = shop.visitor().log_in("ada", "ada's password").await;
    let ben = shop.visitor().log_in("ben", "ben's password").await;
    let (flood, calm) = (Flood::default(), Flood::default());
    let shopping = async {
        flood.more_refused(CLIENTS).await;
        let before = flood.accepted();
        while calm.accepted() < CALM {
            calm.place(&ben, &lamp).await;
        }
        let meanwhile = flood.accepted() - before;
        let resident = resident_bytes(shop.pid().as_raw_nonzero().get().cast_unsigned());
        flood.end();
        (meanwhile, resident.expect("it runs"))
    };
    let ((), (meanwhile, resident)) = tokio::join!(flood.rage(CLIENTS, &ada, &lamp), shopping);
    let fair = CALM * CLIENTS / TIMES_A_CLIENT;
    assert!(meanwhile < fair, "{meanwhile} of the flood for {CALM} of a single client");
    assert!(resident < BUDGET, "{resident} bytes while orders are refused");
    is_at_rest(&manager).await;
    shop.down().await;
}

async fn bench(shop: &Shop, args: &[&str]) -> Value {
    let fixed = ["bench", "--json", "--products", "20", "--patience", "240"];
    let ran = shop.tool(&[&fixed[..], args].concat()).await.expect_code(0);
    ran.json()
}

/// No order is open, no part lags, and a new order is answered as usual.
pub(crate) async fn is_at_rest(manager: &Person) {
    eventually("the shop is at rest", async || {
        let open = manager.get("/order/get-orders?Type=All&Status=Pending").await;
        let status = manager.get("/system/get-status").await;
        let is_behind = status.to_string().contains("\"Ready\":false");
        (open["Items"].as_array()?.is_empty() && !is_behind).then_some(())
    })
    .await;
    manager.add_customers(&["zoe"], "100").await;
    let vase = manager.add_products(&["Vase"], ("1.00", 1)).await.remove(0);
    let order = manager.order(&vase, "zoe").await;
    let single = format!("/order/get-orders?Type=Single&Id={order}");
    eventually("the order is final", async || {
        let shown = manager.get(&single).await["Items"][0].clone();
        (shown["Status"] == "Finalized" && !shown["InvoiceNumber"].is_null()).then_some(())
    })
    .await;
    tokio::time::timeout(Duration::from_mins(2), async {
        Books::of(&manager.events().await).all_ended();
    })
    .await
    .expect("the log is read in time");
}
