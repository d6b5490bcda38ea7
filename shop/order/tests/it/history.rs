//! An order's history: everything that followed from it, also in services that this one does not know, each step with its cause.

use contracts::{
    customer::{self, CustomerEvent},
    money::Money,
    order::{OrderEvent, Placed},
    product::{self, ProductEvent, StockReserved},
};
use kernel::{Actor, Cause, Event, Metadata, Position, Recorded, StreamId};
use runtime::Progress;
use serde_json::{Value, json, value::to_raw_value};
use uuid::Uuid;

use crate::harness::{Person, World, id_of};

const GRANTED: &str = "loyalty.points-granted";

/// The event that placed an order.
async fn placing(world: &World, order: Uuid) -> Recorded {
    let events = world.store().read_stream(&contracts::order::stream(order), None).await;
    let first = events.expect("a stream").first().map(|event| Recorded::clone(event));
    first.expect("the order was placed")
}

fn reaction(reactor: &str, correlation: Uuid, cause: Option<u64>) -> Metadata {
    let metadata = Metadata::of(Actor::reactor(reactor), correlation);
    let cause =
        cause.map(|position| Cause { reactor: reactor.into(), position: Position(position) });
    Metadata { cause, ..metadata }
}

/// An event by a service that the order service does not know.
async fn granted(world: &World, data: Value, metadata: Metadata) -> Position {
    let stream = StreamId::new("loyalty", Uuid::from_u128(7)).expect("a stream");
    let data = to_raw_value(&data).expect("is JSON");
    world.record_with(stream, GRANTED, data, metadata).await
}

async fn history(world: &World, person: &Person, order: Uuid) -> Vec<Value> {
    let answer = world.get(&format!("/get-order-history?OrderId={order}"), person).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["Items"].as_array().expect("a list").clone()
}

async fn positions(world: &World, person: &Person, order: Uuid) -> Vec<u64> {
    let steps = history(world, person, order).await;
    steps.iter().map(|step| step["Position"].as_u64().expect("a position")).collect()
}

/// Places an order by a request of this id.
async fn place_as(world: &World, person: &Person, (product, request): (Uuid, &str)) -> Uuid {
    let ask = world.ask("POST", "/place-order").by(&*person.token).header("x-request-id", request);
    let placed = ask.json(&json!({ "ProductId": product })).send().await.expect(202);
    world.settle().await;
    id_of(&placed)
}

#[tokio::test(start_paused = true)]
async fn each_step_tells_what_it_reacts_to() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let order = id_of(&world.place(&ada, lamp).await);
    let placed = placing(&world, order).await;
    let correlation = placed.metadata.correlation;
    let price = Money::from_minor(5);
    let reserved = ProductEvent::from(StockReserved { order, quantity: 1, price, available: 9 });
    let metadata = reaction("product", correlation, Some(placed.position.0));
    let stock = world
        .record_with(product::stream(lamp), reserved.kind(), reserved.encode(), metadata)
        .await;
    world.credit_denied(ada.id, order).await;
    let steps = history(&world, &ada, order).await;
    let told: Vec<_> = steps.iter().map(|step| (&step["Event"], step.get("Cause"))).collect();
    let (credit, denied) = (stock.0 + 1, stock.0 + 2);
    assert_eq!(
        told,
        [
            (&json!("order.placed"), None),
            (&json!("product.stock-reserved"), Some(&json!(placed.position))),
            (&json!("customer.credit-denied"), None),
            (&json!("order.denied"), Some(&json!(credit))),
        ],
        "absent where nothing was recorded as the cause"
    );
    assert_eq!(positions(&world, &ada, order).await, [placed.position.0, stock.0, credit, denied]);
}

#[tokio::test(start_paused = true)]
async fn what_an_unknown_service_did_for_an_order_is_a_step_of_it() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let order = id_of(&world.place(&ada, lamp).await);
    let before = world.single(&ada, order).await;
    let placed = placing(&world, order).await;
    let correlation = placed.metadata.correlation;
    let because = reaction("loyalty", correlation, Some(placed.position.0));
    let data = json!({ "points": 3, "personal": { "user": "ada" }, "password": "sealed" });
    let granted_at = granted(&world, data, because).await;
    let alone =
        granted(&world, json!({ "points": 4 }), reaction("loyalty", correlation, None)).await;
    let large = json!({ "text": "x".repeat(5000) });
    granted(&world, large, reaction("loyalty", correlation, None)).await;
    let steps = history(&world, &ada, order).await;
    assert_eq!(steps.len(), 4);
    let mut step = steps[1].clone();
    step.as_object_mut().expect("is one").remove("At");
    assert_eq!(
        step,
        json!({
            "Event": GRANTED, "Service": "loyalty", "Actor": "reactor:loyalty", "Position": granted_at,
            "Cause": placed.position, "Details": { "points": 3 },
        })
    );
    assert_eq!((&steps[2]["Position"], steps[2].get("Cause")), (&json!(alone), None));
    assert_eq!(steps[3]["Details"], json!({}), "what is too large for a history is left out");
    let after = world.single(&ada, order).await;
    assert_eq!((&after["Status"], &after["Price"]), (&before["Status"], &before["Price"]));
    assert_eq!(after["UpdatedAt"], steps[3]["At"], "the order has changed");
}

#[tokio::test(start_paused = true)]
async fn a_type_of_a_later_version_is_a_step_too() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let order = id_of(&world.place(&ada, lamp).await);
    let paper = to_raw_value(&json!({ "paper": "blue" })).expect("JSON");
    let metadata = Metadata::of(Actor::anonymous(), Uuid::from_u128(9));
    let stream = contracts::order::stream(order);
    world.record_with(stream, "order.gift-wrapped", paper, metadata).await;
    let steps = history(&world, &ada, order).await;
    let last = steps.last().expect("steps");
    assert_eq!((&last["Event"], &last["Service"]), (&json!("order.gift-wrapped"), &json!("order")));
    assert_eq!(last["Details"], json!({ "paper": "blue" }));
    let mut followers = world.service.followers.iter();
    let projector = followers.find(|follower| follower.name() == "order.projector");
    assert_eq!(projector.map(Progress::set_aside_count), Some(0), "it is taken");
}

/// A client is free to give all its requests one id; what belongs to others must not show because of it.
#[tokio::test(start_paused = true)]
async fn a_correlation_that_a_client_uses_twice_mixes_no_histories() {
    let world = World::start().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let lamp = world.product("Lamp", 5).await;
    let request = Uuid::from_u128(0xabc).to_string();
    let first = place_as(&world, &ada, (lamp, &request)).await;
    let second = place_as(&world, &bob, (lamp, &request)).await;
    let (of_ada, of_bob) = (placing(&world, first).await, placing(&world, second).await);
    let correlation = of_ada.metadata.correlation;
    assert_eq!(of_bob.metadata.correlation, correlation);
    let loyalty = |cause| reaction("loyalty", correlation, cause);
    let by_cause = granted(&world, json!({}), loyalty(Some(of_bob.position.0))).await;
    let chained = granted(&world, json!({}), loyalty(Some(by_cause.0))).await;
    let named = granted(&world, json!({ "order": first }), loyalty(Some(of_bob.position.0))).await;
    granted(&world, json!({ "points": 1 }), loyalty(None)).await;
    assert_eq!(positions(&world, &ada, first).await, [of_ada.position.0, named.0]);
    let expected = [of_bob.position.0, by_cause.0, chained.0];
    assert_eq!(positions(&world, &bob, second).await, expected, "and one is neither's");
}

#[tokio::test(start_paused = true)]
async fn the_shops_own_events_are_steps_only_of_the_order_that_they_name() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let order = id_of(&world.place(&ada, lamp).await);
    let placed = placing(&world, order).await;
    let correlation = placed.metadata.correlation;
    // The same request id for whatever else: these say nothing of the order, and the first holds what no history may show.
    let sealed = customer::PasswordChanged {
        password: "sealed".to_owned(),
        voids_until: world.deps.clock.now(),
        revision: Some(1),
    };
    let others: [(StreamId, &str, Value); 3] = [
        (customer::stream(ada.id), CustomerEvent::PASSWORD_CHANGED, json!(sealed)),
        (product::stream(lamp), ProductEvent::CHANGED, json!({ "name": "Light" })),
        (
            contracts::catalogue::stream(),
            contracts::catalogue::CatalogueEvent::CATEGORY_ADDED,
            json!({ "category": order, "name": "Lamps" }),
        ),
    ];
    for (stream, kind, data) in others {
        let data = to_raw_value(&data).expect("is JSON");
        world.record_with(stream, kind, data, reaction("other", correlation, None)).await;
    }
    assert_eq!(positions(&world, &ada, order).await, [placed.position.0]);
    let is_placing = matches!(OrderEvent::of(&placed), Some(OrderEvent::Placed(Placed { .. })));
    assert!(is_placing);
}
