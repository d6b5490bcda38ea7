//! Models that instances share are rebuilt while orders flow.

use serde_json::{Value, json};
use servers::{Store, System};

use super::{
    flowing::{Flow, while_orders_flow},
    system::{AGORA, manager},
};
use crate::shop::{Person, eventually};

/// The services whose models are on servers.
const SHARED: [&str; 3] = ["customer", "order", "accounting"];

/// Asks, again while no instance answers, until the other generation is at `state`.
async fn until(manager: &Person, service: &str, state: &str) -> Value {
    eventually(&format!("the model of {service} is {state}"), async || {
        let path = format!("/{service}/model-generations");
        let found = manager.try_get(&path).await.ok().filter(|answer| answer.status == 200)?;
        let other = found.body["Other"]["State"].as_str().unwrap_or("gone");
        (other == state).then_some(found.body)
    })
    .await
}

async fn ask(manager: &Person, service: &str, call: &str) {
    eventually(&format!("{service} takes {call}"), async || {
        let asked = manager.try_post(&format!("/{service}/{call}"), json!({})).await.ok()?;
        (asked.status == 202).then_some(())
    })
    .await;
}

/// One instance after the other is killed and started again.
async fn kill_each(system: &mut System, flow: &Flow) {
    for instance in 0..2 {
        for service in SHARED {
            system.kill(service, instance).await.expect("it ran");
        }
        flow.more(10).await;
        for service in SHARED {
            system.run(service, instance).expect("it starts");
        }
        system.all_ready().await.expect("all are ready");
    }
}

#[tokio::test]
async fn models_on_servers_are_rebuilt_while_orders_flow_and_instances_are_killed() {
    let system = System::start(AGORA, Store::MongoDb, 2).await.expect("it starts");
    while_orders_flow(system, async |system, flow| {
        let manager = manager(system).await;
        for service in SHARED {
            ask(&manager, service, "rebuild-model").await;
        }
        kill_each(system, flow).await;
        for service in SHARED {
            let found = until(&manager, service, "Kept").await;
            assert_eq!(found["Generation"], 2, "{service}: {found}");
            assert_eq!(found["Compared"]["Equal"], true, "{service}: {found}");
        }
        for service in SHARED {
            ask(&manager, service, "switch-model").await;
        }
        kill_each(system, flow).await;
        for service in SHARED {
            let found = until(&manager, service, "Kept").await;
            assert_eq!(found["Generation"], 1, "{service}: {found}");
            ask(&manager, service, "drop-model").await;
            until(&manager, service, "gone").await;
        }
    })
    .await;
}
