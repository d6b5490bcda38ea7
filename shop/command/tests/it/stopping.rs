//! A clean stop under load: within 10 s, with exit code 0, and with nothing lost that was acknowledged.

use std::{process::Stdio, sync::Mutex, time::Duration};

use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::{
    books::Books,
    shop::{Folder, PATIENCE, eventually},
};

#[tokio::test]
async fn a_shop_that_was_away_says_so_and_since_when() {
    let folder = Folder::new().up().await.down().await;
    let shop = folder.up().await;
    let manager = shop.manager().await;
    let timeline = manager.get("/system/get-timeline").await;
    let outage = &timeline["Items"][0];
    assert_eq!((&outage["Part"], &outage["State"]), (&json!("gateway"), &json!("Away")));
    assert!(outage["Since"].as_str() < outage["Until"].as_str(), "{timeline}");
    let status = manager.get("/system/get-status").await;
    assert!(status["WatchedSince"].as_str() <= outage["Since"].as_str(), "{status}");
}

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
        let log = folder.log();
        assert!(!log.contains("logged once"), "an outage where all parts were stopped: {log}");
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

#[tokio::test]
async fn a_part_that_waits_for_its_broker_says_so_and_ends_when_asked() {
    // Bound, so that no one else listens there, and refusing.
    let nobody = tokio::net::TcpSocket::new_v4().expect("a socket");
    nobody.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let broker = format!("amqp://guest:guest@{}/%2f", nobody.local_addr().expect("it is bound"));
    for signal in [Signal::TERM, Signal::INT] {
        let folder = Folder::new();
        let mut command = crate::run::program();
        command.args(["run", "product", "--bus", &broker, "--data"]).arg(folder.data());
        command.env("AGORA_SHOP_SECRET", "ab".repeat(32)).stderr(Stdio::piped());
        let mut waiting = command.spawn().expect("it starts");
        let mut log = BufReader::new(waiting.stderr.take().expect("a pipe")).lines();
        while let Some(line) = log.next_line().await.expect("a pipe can be read") {
            if line.contains("retrying") {
                break;
            }
        }
        let pid = waiting.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        kill_process(pid.expect("it runs"), signal).expect("it is ours");
        let ended = tokio::time::timeout(PATIENCE, waiting.wait()).await.expect("it stops");
        assert!(ended.expect("it ends").success());
        let last = log.next_line().await.expect("a pipe can be read").unwrap_or_default();
        assert!(last.contains("received during startup; stopped"), "{last}");
    }
}
