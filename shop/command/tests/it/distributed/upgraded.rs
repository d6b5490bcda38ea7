//! An upgrade without stopping: while orders flow, every process is replaced by one of the next version, and back, and forth again; newer
//! events are recorded only once that is finished.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use servers::{Store, System};

use super::{
    flowing::{Flow, while_orders_flow},
    system::{AGORA, manager, tool},
};
use crate::{run::output, shop::eventually};

/// Makes the version before of a process: one that knows no channels of orders.
const OLDER: (&str, &str) = ("AGORA_TEST_READS", "order.placed=1");
/// The event store ends no upgrade by itself.
const HELD: (&str, &str) = ("AGORA_HOLD_UPGRADE", "true");

/// What is started from now on.
fn install(system: &mut System, version: &[(&'static str, &str)]) {
    system.settings = version.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
}

async fn replace(system: &mut System, part: &'static str, instance: usize) {
    system.leave(part, instance).await.expect("it stops cleanly under load");
    system.run(part, instance).expect("it starts");
    system.all_ready().await.expect("all are ready");
}

/// Every process is replaced by itself, as `docs/operations.md` says. While it is one of two of a service, every read is answered.
async fn replace_each(system: &mut System, flow: &Flow) {
    replace(system, "gateway", 0).await;
    for instance in 0..2 {
        replace(system, "event-store", instance).await;
    }
    flow.more(2).await;
    let client = manager(system).await;
    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let replacing = async {
        for service in system.services.clone() {
            for instance in 0..2 {
                replace(system, service, instance).await;
            }
            flow.more(2).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let asking = async {
        while !done.load(Ordering::Relaxed) {
            for call in ["/product/get-all-products?Limit=1", "/order/get-orders?Type=All&Limit=1"]
            {
                let answer = client.try_get(call).await.expect("the gateway answers");
                // A model on a server may be handed over to the other instance; the client is told to ask again.
                let waits = answer.body["type"] == "/problems/behind";
                assert!(answer.status == 200 || waits, "{call}: {answer:?}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    tokio::join!(replacing, asking);
    assert!(answered.into_inner() > 0);
}

/// One process of each service is replaced at the same time.
async fn replace_column(system: &mut System, flow: &Flow, instance: usize) {
    for service in system.services.clone() {
        system.leave(service, instance).await.expect("it stops cleanly under load");
        system.run(service, instance).expect("it starts");
    }
    system.all_ready().await.expect("all are ready");
    flow.more(5).await;
}

/// The channels of the orders recorded so far; none where it is not recorded.
async fn channels(system: &System) -> Vec<Option<String>> {
    let events = manager(system).await.events().await;
    let placed = events.iter().filter(|event| event["Type"] == "order.placed");
    let channels = placed.map(|event| {
        let channel = event["Data"]["channel"].as_str().map(str::to_owned);
        assert_eq!(event["Schema"], if channel.is_some() { 2 } else { 1 });
        channel
    });
    channels.collect()
}

/// Waits until the shop says this of its upgrade.
async fn says(system: &System, expected: &str) {
    eventually("it is known which versions run", async || {
        let shown = output(&mut tool(system, &["upgrade"])).await.expect_code(0).stdout;
        shown.contains(expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_process_is_upgraded_and_downgraded_while_orders_flow() {
    let mut system = System::engines(AGORA, Store::MongoDb).await.expect("they start");
    install(&mut system, &[OLDER]);
    system.run_all(2).await.expect("all start");
    while_orders_flow(system, async |system, flow| {
        install(system, &[HELD]);
        replace_each(system, flow).await;
        says(system, "The upgrade is held: schema 2 of order.placed is recorded after").await;
        // Nothing newer is recorded, so there is a way back.
        install(system, &[OLDER]);
        for instance in 0..2 {
            replace(system, "event-store", instance).await;
            replace_column(system, flow, instance).await;
        }
        install(system, &[HELD]);
        for instance in 0..2 {
            replace(system, "event-store", instance).await;
        }
        replace_column(system, flow, 0).await;
        let refused = output(&mut tool(system, &["upgrade", "--finish"])).await;
        let refused = refused.expect_code(1).stderr;
        assert!(refused.contains("of an older version"), "{refused}");
        replace_column(system, flow, 1).await;
        assert!(channels(system).await.iter().all(Option::is_none), "each version reads them");
        eventually("nothing older is heard any more", async || {
            let mut finish = tool(system, &["upgrade", "--finish"]);
            let finished = output(&mut finish).await.stdout;
            finished.contains("The upgrade is finished: schema 2 of order.placed").then_some(())
        })
        .await;
        eventually("channels are recorded", async || {
            flow.more(1).await;
            channels(system).await.contains(&Some("api".to_owned())).then_some(())
        })
        .await;
        install(system, &[OLDER]);
        system.run("product", 2).expect("it is started");
        let why = system.refuses("product", 2).await.expect("it ends by itself");
        let sentence = "this log holds order.placed of schema 2, and this program reads it up to schema 1: start version";
        assert!(why.contains(sentence), "{why}");
    })
    .await;
}
