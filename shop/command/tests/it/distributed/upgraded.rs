//! An upgrade without stopping: while orders flow, every process is replaced by one of the next version, and back, and forth again; newer
//! events are recorded only once that is finished.

use servers::{Store, System};

use super::{
    flowing::{Flow, while_orders_flow},
    system::{AGORA, manager, tool},
};
use crate::{
    run::output,
    shop::{Person, eventually},
};

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

/// Every process is replaced by itself, as `docs/operations.md` says: no request is
/// cut off; the shop may ask for a moment of patience.
async fn replace_each(system: &mut System, flow: &Flow) {
    replace(system, "gateway", 0).await;
    flow.more(2).await;
    drop(flow.failed());
    for part in ["event-store"].into_iter().chain(system.services.clone()) {
        for instance in 0..2 {
            replace(system, part, instance).await;
            let failed = flow.failed();
            assert!(failed.is_empty(), "while {part} {instance} is replaced: {failed:?}");
        }
        flow.more(2).await;
    }
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
async fn channels(manager: &Person) -> Vec<Option<String>> {
    let (mut channels, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/events/read-all?Type=order.placed{after}");
        let page = eventually("the log is read", async || {
            let answer = manager.try_get(&path).await.ok()?;
            (answer.status == 200).then_some(answer.body)
        })
        .await;
        for event in page["Items"].as_array().expect("a list") {
            let channel = event["Data"]["channel"].as_str().map(str::to_owned);
            assert_eq!(event["Schema"], if channel.is_some() { 2 } else { 1 });
            channels.push(channel);
        }
        match page["Next"].as_str() {
            Some(next) => after = format!("&After={next}"),
            None => return channels,
        }
    }
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
    let reader = manager(&system).await;
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
        assert!(channels(&reader).await.iter().all(Option::is_none), "each version reads them");
        eventually("nothing older announces itself", async || {
            let mut finish = tool(system, &["upgrade", "--finish"]);
            let finished = output(&mut finish).await.stdout;
            finished.contains("The upgrade is finished: schema 2 of order.placed").then_some(())
        })
        .await;
        eventually("channels are recorded", async || {
            flow.more(1).await;
            channels(&reader).await.contains(&Some("api".to_owned())).then_some(())
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
