//! A clean stop under load: within 10 s, with exit code 0, and with nothing lost that was acknowledged.

use std::{sync::Mutex, time::Duration};

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::json;

use crate::{
    books::Books,
    shop::{Folder, eventually},
};

#[tokio::test]
async fn a_signal_stops_the_shop_cleanly_under_load() {
    let folder = Folder::new();
    let mut shop = folder.up().await;
    let mut manager = shop.manager().await;
    manager.add_customers(&["kim"], "100000").await;
    let lamp = manager.add_products(&["Lamp"], ("1.00", 100_000)).await.remove(0);
    let acknowledged = Mutex::new(Vec::new());
    for signal in [Signal::INT, Signal::TERM] {
        let load = (0..16).map(|_| async {
            let order = json!({ "ProductId": lamp, "UserName": "kim" });
            while let Ok(answer) = manager.try_post("/order/place-order", order.clone()).await {
                match (answer.status, answer.body["OrderId"].as_str()) {
                    (202, Some(order)) => acknowledged.lock().expect("ours").push(order.to_owned()),
                    // More than can be answered in time was asked for: that passes, and a stop does not.
                    (503, _) if answer.body["type"] == "/problems/orders-busy" => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    (503, _) => return,
                    _ => panic!("{answer:?}"),
                }
            }
        });
        let before = acknowledged.lock().expect("ours").len();
        let stop = async {
            eventually("the shop takes orders", async || {
                (acknowledged.lock().expect("ours").len() > before + 100).then_some(())
            })
            .await;
            shop.stop(signal).await
        };
        let (_, (status, rest)) = tokio::join!(join_all(load), stop);
        assert!(status.success(), "{status}: {}", folder.log());
        assert_eq!(rest, "", "with --json, only the one line is printed");
        shop = folder.up().await;
        manager = manager.at(&shop);
    }
    manager.ended_orders().await;
    let books = Books::of(&manager.events().await);
    books.all_ended();
    for order in acknowledged.into_inner().expect("ours") {
        assert!(books.placed.contains_key(&order), "order {order} was acknowledged and is gone");
    }
}
