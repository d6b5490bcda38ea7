//! Credit: what managers grant, and what orders hold and spend, each exactly once.

use contracts::order::{OrderEvent, Reason};
use kernel::{Actor, StreamId};
use serde_json::{Value, json, value::to_raw_value};
use testing::Answer;

use crate::harness::World;

#[tokio::test(start_paused = true)]
async fn credit_is_set_or_changed_but_never_below_what_is_reserved() {
    let world = World::start().await;
    let (ada, manager) = (world.customer("ada").await, world.manager().await);
    world.place(&world.order("ada", 4000)).await;
    let set =
        async |body: Value| -> Answer { world.post("/set-credit", Some(&manager), body).await };
    let cases = [
        (json!({ "UserName": "ada", "Credit": 40 }), 200),
        (json!({ "UserName": "ada", "Credit": 39.99 }), 422),
        (json!({ "UserName": "ada", "Change": -0.01 }), 422),
        (json!({ "UserName": "ada", "Change": "10.50" }), 200),
        (json!({ "UserName": "ada", "Change": 1_000_000_000 }), 422),
        (json!({ "UserName": "ada", "Credit": -1 }), 422),
        (json!({ "UserName": "ada", "Credit": 1.001 }), 422),
        (json!({ "UserName": "ada", "Credit": 1, "Change": 1 }), 422),
        (json!({ "UserName": "ada" }), 422),
        (json!({ "UserName": "nobody", "Credit": 1 }), 404),
    ];
    for (body, status) in cases {
        assert_eq!(set(body.clone()).await.status.as_u16(), status, "{body}");
    }
    let own =
        world.post("/set-credit", Some(&ada), json!({ "UserName": "ada", "Credit": 1 })).await;
    assert_eq!(own.status, 403);
    let credit = world.get("/get-credit", Some(&ada)).await.body;
    let expected =
        json!({ "UserName": "ada", "Credit": 50.50, "Reserved": 40.00, "Available": 10.50 });
    assert_eq!(credit, expected);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_rests_on_an_old_version_is_refused_with_the_latest() {
    let world = World::start().await;
    let (_ada, manager) = (world.customer("ada").await, world.manager().await);
    let set = async |credit: u64, version: u64| {
        let body = json!({ "UserName": "ada", "Credit": credit, "Version": version });
        world.post("/set-credit", Some(&manager), body).await
    };
    assert_eq!(set(150, 1).await.body["Version"], 2);
    world.place(&world.order("ada", 4000)).await;
    let stale = set(200, 1).await;
    assert_eq!(stale.status, 409);
    assert_eq!(
        stale.body["Current"],
        json!({
            "UserName": "ada", "FullName": "ada of Test", "Email": "ada@example.com", "Role": "customer",
            "Credit": 150.00, "Reserved": 40.00, "Available": 110.00, "Version": 2,
        })
    );
    assert_eq!(set(200, 2).await.status, 200, "orders do not count as versions");
}

#[tokio::test(start_paused = true)]
async fn the_same_request_again_acts_once_and_answers_the_same() {
    let world = World::start().await;
    let (_ada, manager) = (world.customer("ada").await, world.manager().await);
    let body = json!({ "UserName": "ada", "Change": 5 });
    let first = world.keyed("/set-credit", &manager, ("key", body.clone())).await;
    assert_eq!((first.status.as_u16(), &first.body["Credit"]), (200, &json!(105.00)));
    let more = json!({ "UserName": "ada", "Change": 7 });
    let other = world.keyed("/set-credit", &manager, ("key-2", more.clone())).await;
    assert_eq!(other.body["Credit"], json!(112.00));
    let again = world.keyed("/set-credit", &manager, ("key", body.clone())).await;
    assert_eq!(
        (again.status, again.position, &again.body),
        (first.status, first.position, &first.body)
    );
    let reused = world.keyed("/set-credit", &manager, ("key", more)).await;
    assert_eq!((reused.status.as_u16(), reused.fields()), (422, vec!["Idempotency-Key"]));
    let world = world.reopened_with(|_| {}).await;
    let manager = world.manager().await;
    let again = world.keyed("/set-credit", &manager, ("key", body)).await;
    assert_eq!(again.body, first.body);
    assert_eq!(world.kinds_of("ada").await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn promise_6_one_customers_credit_is_never_promised_twice() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    let orders: Vec<_> = (0..20).map(|_| world.order("ada", 3000)).collect();
    for order in &orders {
        world.place(order).await;
    }
    let kinds = world.kinds_of("ada").await;
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    assert_eq!((count("customer.credit-reserved"), count("customer.credit-denied")), (3, 17));
    for order in &orders {
        world.deny(order).await;
    }
    let credit = world.get("/get-credit", Some(&ada)).await.body;
    assert_eq!((&credit["Credit"], &credit["Available"]), (&json!(100.00), &json!(100.00)));
}

#[tokio::test(start_paused = true)]
async fn promise_4_two_instances_answer_every_order_once() {
    let world = World::start().await;
    world.customer("ada").await;
    let second = world.second_instance().await;
    let mut orders = Vec::new();
    for _ in 0..30 {
        let order = world.order("ada", 300);
        world.place(&order).await;
        orders.push(order);
    }
    for (n, order) in orders.iter().enumerate() {
        if n % 2 == 0 {
            world.finalize(order).await;
        } else {
            world.deny(order).await;
        }
    }
    world.idle(&[&world.service, &second]).await;
    let kinds = world.kinds_of("ada").await;
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    let counts =
        ["reserved", "debited", "released"].map(|what| count(&format!("customer.credit-{what}")));
    assert_eq!((counts, kinds.len()), ([30, 15, 15], 61));
    assert_eq!(testing::dump(&world.service).await, testing::dump(&second).await);
}

#[tokio::test(start_paused = true)]
async fn orders_of_strangers_and_orders_too_late_are_denied() {
    let world = World::start().await;
    world.customer("ada").await;
    let stranger = world.order("eve", 1);
    world.place(&stranger).await;
    let late = world.order("ada", 1);
    let deadline = world.deps.clock.now() - std::time::Duration::from_secs(1);
    let stream = contracts::order::stream(late.order);
    let placed = OrderEvent::from(contracts::order::Placed {
        terms: late,
        deadline,
        channel: contracts::order::Channel::Site,
    });
    world.record(stream, &placed).await;
    world.settle().await;
    let denied: Vec<_> = world
        .events()
        .await
        .iter()
        .filter_map(|event| contracts::customer::CustomerEvent::of(event))
        .filter_map(|event| match event {
            contracts::customer::CustomerEvent::CreditDenied(denied) => Some(denied.reason),
            _ => None,
        })
        .collect();
    assert_eq!(denied, [Reason::UnknownCustomer, Reason::Deadline]);
    assert_eq!(
        world.post("/add-user", None, crate::harness::registration("eve")).await.status,
        201
    );
}

#[tokio::test(start_paused = true)]
async fn a_note_ahead_of_itself_does_not_stop_the_reactor() {
    let world = World::start().await;
    let ada = world.customer("ada").await;
    world.place(&world.order("ada", 1000)).await;
    let note = to_raw_value(&json!({ "position": 9_000_000_000_000_u64 })).expect("JSON");
    let stream = StreamId::new("reactor", "customer").expect("a name");
    let metadata = world.metadata(Actor::reactor("customer"));
    world.record_raw(stream, "reactor.settled", 1, note, metadata).await;
    let world = world.reopened_with(|_| {}).await;
    world.place(&world.order("ada", 2000)).await;
    let credit = world.get("/get-credit", Some(&ada)).await.body;
    assert_eq!(credit["Reserved"], json!(30.0), "each order once: {credit}");
}
