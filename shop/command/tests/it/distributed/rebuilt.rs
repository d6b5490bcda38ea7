//! Models are rebuilt while orders flow: those that instances share, and the one that each has.

use serde_json::{Value, json};
use servers::{Store, System};

use super::{
    flowing::{Flow, while_orders_flow},
    system::{AGORA, manager},
};
use crate::shop::{Person, eventually};

/// A read model: of all instances of a service, or of one of them.
struct Place {
    service: &'static str,
    instance: Option<String>,
}

impl Place {
    fn path(&self, call: &str) -> String {
        let of = self.instance.as_ref().map(|instance| format!("?Instance={instance}"));
        format!("/{}/{call}{}", self.service, of.unwrap_or_default())
    }
}

/// Every model of the shop: those on servers, and that of each instance of the product service.
async fn places(manager: &Person) -> Vec<Place> {
    let status = manager.get("/system/get-status").await;
    let services = status["Services"].as_array().expect("a list");
    let product = services.iter().find(|service| service["Name"] == "product").expect("it runs");
    let instances = product["Instances"].as_array().expect("a list").iter();
    let here = instances.filter(|instance| instance["Here"] == true);
    let own = here.map(|instance| instance["Instance"].as_str().expect("a name").to_owned());
    let own = own.map(|name| Place { service: "product", instance: Some(name) });
    let shared = SHARED.map(|service| Place { service, instance: None });
    let all: Vec<Place> = shared.into_iter().chain(own).collect();
    assert_eq!(all.len(), SHARED.len() + 2, "{status}");
    all
}

/// The services whose models are on servers.
const SHARED: [&str; 3] = ["customer", "order", "accounting"];

/// Asks, again while no instance answers, until the other generation is at `state`.
async fn until(manager: &Person, place: &Place, state: &str) -> Value {
    eventually(&format!("the model of {} is {state}", place.service), async || {
        let found = manager
            .try_get(&place.path("model-generations"))
            .await
            .ok()
            .filter(|answer| answer.status == 200)?;
        let other = found.body["Other"]["State"].as_str().unwrap_or("gone");
        (other == state).then_some(found.body)
    })
    .await
}

async fn ask(manager: &Person, place: &Place, call: &str) {
    eventually(&format!("{} takes {call}", place.service), async || {
        let asked = manager.try_post(&place.path(call), json!({})).await.ok()?;
        // Of one whose answer was lost, the second is refused: it has been done.
        [202, 409].contains(&asked.status).then_some(())
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
async fn models_are_rebuilt_while_orders_flow_and_instances_are_killed() {
    let system = System::start(AGORA, Store::MongoDb, 2).await.expect("it starts");
    while_orders_flow(system, async |system, flow| {
        let manager = manager(system).await;
        let places = places(&manager).await;
        for place in &places {
            ask(&manager, place, "rebuild-model").await;
        }
        kill_each(system, flow).await;
        for place in &places {
            let found = until(&manager, place, "Kept").await;
            assert_eq!(found["Generation"], 2, "{}: {found}", place.service);
            assert_eq!(found["Compared"]["Equal"], true, "{}: {found}", place.service);
        }
        for place in &places {
            ask(&manager, place, "switch-model").await;
        }
        kill_each(system, flow).await;
        for place in &places {
            let found = until(&manager, place, "Kept").await;
            assert_eq!(found["Generation"], 1, "{}: {found}", place.service);
            ask(&manager, place, "drop-model").await;
            until(&manager, place, "gone").await;
        }
    })
    .await;
}
