//! Where an order was placed: said by its client, recorded with it, shown and found.

use contracts::{actor, order::OrderEvent};
use kernel::Recorded;
use serde_json::{Value, json, value::to_raw_value};
use uuid::Uuid;

use crate::harness::{Person, World, id_of};

async fn place(world: &World, person: &Person, product: Uuid, channel: &str) -> Value {
    let ask = world.ask("POST", "/place-order").by(&*person.token);
    let ask = ask.header("agora-channel", channel).header("idempotency-key", channel);
    ask.json(&json!({ "ProductId": product })).send().await.expect(202)
}

#[tokio::test(start_paused = true)]
async fn an_order_is_shown_and_found_by_the_channel_its_client_named() {
    let world = World::start().await;
    let (ada, admin) = (world.person("ada").await, world.manager().await);
    let lamp = world.product("Lamp", 5).await;
    let mut ids = Vec::new();
    for (named, channel) in [("site", "site"), ("app", "app"), ("api", "api"), ("kiosk", "api")] {
        let placed = place(&world, &ada, lamp, named).await;
        assert_eq!(placed["Channel"], channel, "{named}");
        ids.push(id_of(&placed));
    }
    // The same request, only that it says something else of its channel, is the same order.
    let again = world.ask("POST", "/place-order").by(&*ada.token).header("idempotency-key", "app");
    let again = again.json(&json!({ "ProductId": lamp })).send().await.expect(202);
    assert_eq!((id_of(&again), &again["Channel"]), (ids[1], &json!("app")));
    assert_eq!(world.place(&ada, lamp).await["Channel"], "api", "it named none");
    let found = async |channel: &str| {
        let list = world.get(&format!("/get-orders?Type=All&Channel={channel}"), &admin).await;
        let items = list.expect(200)["Items"].as_array().expect("a list").clone();
        assert!(items.iter().all(|order| order["Channel"] == channel), "{items:?}");
        items.iter().map(id_of).collect::<Vec<_>>()
    };
    assert_eq!(found("site").await, [ids[0]]);
    assert_eq!(found("app").await, [ids[1]]);
    assert_eq!(found("api").await.len(), 3);
    assert_eq!(found("unknown").await, [] as [Uuid; 0]);
    let bad = world.get("/get-orders?Type=All&Channel=kiosk", &admin).await;
    assert_eq!((bad.status.as_u16(), bad.fields()), (422, vec!["Channel"]));
    let history = world.get(&format!("/get-order-history?OrderId={}", ids[1]), &ada).await;
    assert_eq!(history.body["Items"][0]["Details"]["Channel"], "app");
}

#[tokio::test(start_paused = true)]
async fn an_order_recorded_without_a_channel_is_of_an_unknown_one_and_goes_on() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let id = Uuid::from_u128(7);
    let deadline = world.deps.clock.now() + std::time::Duration::from_mins(1);
    let old = json!({
        "order": id, "customer": ada.id, "product": lamp, "product_name": "Lamp", "quantity": 1, "price": 5,
        "currency": "EUR", "deadline": deadline,
    });
    let metadata = world.metadata(actor::customer(ada.id));
    let data = to_raw_value(&old).expect("JSON");
    world.record_raw(contracts::order::stream(id), OrderEvent::PLACED, 1, data, metadata).await;
    world.stock_reserved(lamp, id).await;
    world.credit_reserved(ada.id, id).await;
    world.settle().await;
    let order = world.single(&ada, id).await;
    assert_eq!((&order["Channel"], &order["Status"]), (&json!("unknown"), &json!("Finalized")));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_order_of_a_newer_version_is_answered_by_that_version_only() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let order = ("key", json!({ "ProductId": lamp }));
    world.keyed("/place-order", &ada, order.clone()).await.expect(202);
    let older = World::start().await;
    for event in world.events().await {
        let is_order = event.kind.as_str() == OrderEvent::PLACED;
        let schema = if is_order { 99 } else { event.schema };
        older.record_again(&Recorded { schema, ..(*event).clone() }).await;
    }
    let again = older.keyed("/place-order", &ada, order).await;
    again.problem(503);
    assert_eq!(again.body["type"], "/problems/newer-version", "{again:?}");
}
