//! While orders flow, processes and engines are killed and the network fails.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use servers::{Proxy, Store, System};

use super::{
    BUYERS, order_noting, says_ready,
    system::{AGORA, manager},
    twice,
};
use crate::{
    books::Books,
    run::is_whole,
    shop::{Person, eventually},
};

/// How a shop says that a request is to be sent again, as any client does: it is busy, a model is behind, the event store changes hands.
const LATER: [&str; 3] = ["/problems/orders-busy", "/problems/behind", "/problems/unavailable"];

/// Orders in flight while something is done to the system.
const WORKERS: usize = 6;

/// Orders that flow while something is done to the system.
#[derive(Default)]
pub(super) struct Flow {
    placed: Mutex<Vec<String>>,
    /// What was answered instead, before it was tried again.
    failed: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl Flow {
    /// Places one order after the other until it is stopped.
    async fn place(&self, buyer: &Person, (product, worker): (&str, usize)) {
        for n in (worker..).step_by(WORKERS) {
            let failed = |what| self.failed.lock().expect("no thread panics").push(what);
            let order = order_noting(buyer, (product, BUYERS[worker % 3]), n, failed).await;
            self.placed.lock().expect("no thread panics").push(order);
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// The requests that failed since this was last asked, however well they went when they were tried again: cut off, or answered with
    /// anything else than that they are to be sent again.
    pub(super) fn failed(&self) -> Vec<String> {
        let mut failed = std::mem::take(&mut *self.failed.lock().expect("no thread panics"));
        failed.retain(|what| LATER.iter().all(|kind| !what.contains(kind)));
        failed
    }

    /// Waits until so many more orders are taken.
    pub(super) async fn more(&self, count: usize) {
        let before = self.placed.lock().expect("no thread panics").len();
        eventually("orders are taken again", async || {
            (self.placed.lock().expect("no thread panics").len() >= before + count).then_some(())
        })
        .await;
    }
}

/// Runs `faults` while orders flow; then every order has ended, the books balance, and nothing acknowledged is lost.
pub(super) async fn while_orders_flow(
    mut system: System,
    faults: impl AsyncFnOnce(&mut System, &Flow),
) {
    let manager = manager(&system).await;
    manager.add_customers(&BUYERS, "1000000").await;
    let products = manager.add_products(&["Lamp", "Vase"], ("1.50", 1_000_000)).await;
    let flow = Flow::default();
    let workers = (0..WORKERS).map(|n| flow.place(&manager, (&products[n % 2], n)));
    let faulty = async {
        flow.more(20).await;
        faults(&mut system, &flow).await;
        flow.more(20).await;
        flow.stopped.store(true, Ordering::Relaxed);
    };
    tokio::join!(join_all(workers), faulty);
    let ended = eventually("every order ends", async || {
        let orders = manager.try_get("/order/get-orders?Type=All&Status=Pending").await.ok()?;
        (orders.status == 200 && orders.body["Items"].as_array()?.is_empty()).then_some(())
    });
    ended.await;
    // An instance that was cut off is listed again within 2 s.
    says_ready(&system, 200).await;
    manager.ended_orders().await;
    let books = Books::of(&manager.events().await);
    books.all_ended();
    let placed = std::mem::take(&mut *flow.placed.lock().expect("no thread panics"));
    for order in &placed {
        assert!(books.placed.contains_key(order), "order {order} was acknowledged and is gone");
    }
    assert_eq!(books.placed.len(), placed.len(), "nothing was done twice");
    system.stop().await.expect("all stop cleanly");
}

#[tokio::test]
async fn every_process_may_be_killed_or_leave_while_orders_flow() {
    let system = System::start(AGORA, Store::MongoDb, 2).await.expect("it starts");
    while_orders_flow(system, async |system, flow| {
        for part in registry::names().chain(["event-store", "gateway"]) {
            for instance in 0..if part == "gateway" || !is_whole() { 1 } else { 2 } {
                system.kill(part, instance).await.expect("it ran");
                if part != "gateway" {
                    // The other one goes on alone.
                    flow.more(10).await;
                }
                system.run(part, instance).expect("it starts");
                system.all_ready().await.expect("all are ready");
                flow.more(10).await;
            }
        }
        for part in registry::names().chain(["event-store", "gateway"]) {
            system.leave(part, 0).await.expect("it stops cleanly under load");
            system.run(part, 0).expect("it starts");
            system.all_ready().await.expect("all are ready");
            flow.more(5).await;
        }
    })
    .await;
}

#[tokio::test]
async fn every_engine_may_be_killed_while_orders_flow() {
    let system = System::start(AGORA, Store::MongoDb, 1).await.expect("it starts");
    while_orders_flow(system, async |system, flow| {
        system.redis.kill();
        system.redis.restart().expect("it comes back");
        flow.more(10).await;
        system.postgres.kill();
        system.postgres.restart().expect("it comes back");
        flow.more(10).await;
        system.couchdb.kill();
        system.couchdb.restart().expect("it comes back");
        flow.more(10).await;
        system.mongodb.kill();
        system.mongodb.restart().expect("it comes back");
        flow.more(10).await;
        system.rabbitmq.kill();
        system.rabbitmq.restart().expect("it comes back");
        flow.more(10).await;
        system.rabbitmq.purge("%2f", "agora.eventstore.append").expect("purged");
        flow.more(10).await;
    })
    .await;
}

#[tokio::test]
async fn the_network_may_be_cut_and_slow_and_say_everything_twice_while_orders_flow() {
    let mut system = System::engines(AGORA, Store::MongoDb).await.expect("they start");
    let network = Proxy::to(system.broker_port).expect("a proxy");
    system.broker_port = network.port();
    system.run_all(1).await.expect("it starts");
    while_orders_flow(system, async |system, flow| {
        network.reset();
        flow.more(10).await;
        network.cut();
        says_ready(system, 503).await;
        network.mend();
        says_ready(system, 200).await;
        flow.more(10).await;
        network.delay(Duration::from_millis(50));
        flow.more(10).await;
        network.mend();
        let twice = twice::say_everything_twice(&system.rabbitmq).await;
        flow.more(30).await;
        let said = twice.stop().await;
        for queue in ["agora.eventstore.append", "log", "reply"] {
            assert!(said.get(queue) > Some(&30), "{said:?}");
        }
    })
    .await;
}
