//! `kill -9` under load, again and again: what was acknowledged is there (promise 1), and every order ends (promise 7).

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use kernel::Ids;
use serde_json::{Value, json};

use crate::{
    books::Books,
    run::is_whole,
    shop::{Folder, Person, Shop},
};

/// Kills of a run, and of the long form.
const KILLS: usize = 8;
const KILLS_WHOLE: usize = 20;
/// Requests on the way at every moment.
const IN_FLIGHT: usize = 12;
const BUYERS: [&str; 2] = ["ida", "jon"];
/// Names the seed that the moments of the kills come from, to repeat a run.
const SEED: &str = "AGORA_TEST_KILL_SEED";

/// What the shop promised to keep.
#[derive(Default)]
struct Acknowledged {
    orders: Mutex<Vec<String>>,
    changes: Mutex<Vec<u64>>,
    count: AtomicUsize,
}

#[tokio::test]
async fn killed_again_and_again_under_load_the_shop_keeps_what_it_acknowledged() {
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("repeat with {SEED}={seed}");
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(seed.to_be_bytes()).for_each(|(byte, given)| *byte = given);
    let random = Ids::from_seed(bytes);
    let folder = Folder::new();
    let mut shop = folder.up().await;
    let mut manager = shop.manager().await;
    manager.add_customers(&BUYERS, "1000000").await;
    let products = manager.add_products(&["Lamp", "Vase"], ("1.50", 1_000_000)).await;
    let acknowledged = Acknowledged::default();
    for _ in 0..if is_whole() { KILLS_WHOLE } else { KILLS } {
        let [acks, pause] = random.bytes();
        under_load(shop, &manager, (&products, &acknowledged), [acks, pause]).await;
        shop = folder.up().await;
        manager = manager.at(&shop);
    }
    manager.ended_orders().await;
    let events = manager.events().await;
    Books::of(&events).all_ended();
    acknowledged.is_in(&events);
    let folder = shop.down().await;
    folder.tool(&["rebuild", "--check"]).await.expect_code(0);
    folder.tool(&["store", "verify"]).await.expect_code(0);
}

/// Loads the shop and kills it at a moment given by chance: after so many acknowledgements, and a pause.
async fn under_load(
    shop: Shop,
    manager: &Person,
    (products, acknowledged): (&[String], &Acknowledged),
    [acks, pause]: [u8; 2],
) {
    let before = acknowledged.count.load(Ordering::Relaxed);
    let enough = before + usize::from(acks) / 2;
    let load = (0..IN_FLIGHT).map(|n| acknowledged.load(manager, &products[n % 2], n));
    let kill = async {
        crate::shop::eventually("the shop takes orders", async || {
            (acknowledged.count.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_micros(u64::from(pause) * 100)).await;
        shop.kill().await;
    };
    tokio::join!(join_all(load), kill);
}

impl Acknowledged {
    /// Writes one thing after the other until the shop is gone.
    async fn load(&self, manager: &Person, product: &str, n: usize) {
        loop {
            let (path, body) = match n {
                0 => ("/product/update-product", json!({ "ProductId": product, "UnitsChange": 1 })),
                1 => ("/customer/set-credit", json!({ "UserName": BUYERS[n % 2], "Change": 1 })),
                _ => (
                    "/order/place-order",
                    json!({ "ProductId": product, "UserName": BUYERS[n % 2] }),
                ),
            };
            let Ok(answer) = manager.try_post(path, body).await else { return };
            let lock = "no test panics while it holds this";
            match (answer.status, answer.body["OrderId"].as_str(), answer.position) {
                (202, Some(order), _) => self.orders.lock().expect(lock).push(order.to_owned()),
                (200, None, Some(position)) => self.changes.lock().expect(lock).push(position),
                // Cut off in the middle of its answer: not acknowledged.
                (200 | 202, ..) if answer.body.is_null() => return,
                // Nothing was recorded; the machine is slow.
                (503, ..) if answer.body["type"] == "/problems/orders-busy" => continue,
                _ => panic!("{answer:?}"),
            }
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Everything acknowledged is recorded.
    fn is_in(&self, events: &[Value]) {
        let books = Books::of(events);
        let lock = "no process writes any more";
        let (orders, changes) = (self.orders.lock().expect(lock), self.changes.lock().expect(lock));
        assert!(orders.len() > KILLS && changes.len() > KILLS, "the shop was under load");
        for order in &*orders {
            assert!(books.placed.contains_key(order), "order {order} was acknowledged and is gone");
        }
        let changed = ["product.changed", "customer.credit-changed"];
        for position in &*changes {
            let event = usize::try_from(position - 1).ok().and_then(|index| events.get(index));
            let kind = event.and_then(|event| event["Type"].as_str());
            assert!(kind.is_some_and(|kind| changed.contains(&kind)), "{position} is {event:?}");
        }
    }
}
