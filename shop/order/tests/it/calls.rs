//! Every call: what it answers, to whom, and what it refuses.

use contracts::{
    order::{Reason, number},
    product,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, World, id_of};

#[tokio::test(start_paused = true)]
async fn nobody_gets_in_without_a_token() {
    let world = World::start().await;
    let calls = [
        ("POST", "/place-order"),
        ("GET", "/get-orders?Type=All"),
        ("POST", "/get-orders"),
        ("GET", "/get-order-history?OrderId=00000000-0000-0000-0000-000000000000"),
        ("GET", "/get-order-statistics"),
        ("GET", "/order-events"),
    ];
    for (method, path) in calls {
        world.ask(method, path).json(&json!({})).send().await.problem(401);
    }
}

#[tokio::test(start_paused = true)]
async fn bad_orders_are_refused_by_field_and_recorded_nowhere() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let before = world.events().await.len();
    let cases = [
        (json!({}), 422, "ProductId"),
        (json!({ "ProductId": "lamp" }), 422, "ProductId"),
        (json!({ "ProductId": lamp, "Quantity": 0 }), 422, "Quantity"),
        (json!({ "ProductId": lamp, "Quantity": 1001 }), 422, "Quantity"),
        (json!({ "ProductId": lamp, "Quantity": 1.5 }), 422, "Quantity"),
        (json!({ "ProductId": lamp, "Quantity": -1 }), 422, "Quantity"),
        (json!({ "ProductId": lamp, "Price": -1 }), 422, "Price"),
        (json!({ "ProductId": lamp, "Price": 1.999 }), 422, "Price"),
        (json!({ "ProductId": lamp, "Price": 1_000_000_000, "Quantity": 2 }), 422, "Quantity"),
        (json!({ "ProductId": lamp, "Colour": "red" }), 422, "Colour"),
    ];
    for (body, status, field) in cases {
        let answer = world.post("/place-order", &ada, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (status, vec![field]), "{body}");
    }
    let unknown = json!({ "ProductId": Uuid::from_u128(4) });
    assert_eq!(world.post("/place-order", &ada, unknown).await.status, 404);
    assert_eq!(world.post("/place-order", &ada, json!("lamp")).await.status, 422);
    world.of_product(lamp, product::Deleted { units_change: -10 }).await;
    let gone = world.post("/place-order", &ada, json!({ "ProductId": lamp })).await;
    assert_eq!(gone.status, 404, "what is not in the catalogue cannot be ordered");
    assert_eq!(world.events().await.len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_holds_to_the_price_that_was_shown() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 500).await);
    let body = json!({ "ProductId": lamp, "Quantity": 3, "Price": "4.50" });
    let seen = world.post("/place-order", &ada, body).await;
    assert_eq!((&seen.body["Price"], &seen.body["Total"]), (&json!(4.50), &json!(13.50)));
    let dearer = product::Changed {
        price: Some(contracts::money::Money::from_minor(600)),
        ..Default::default()
    };
    world.of_product(lamp, dearer).await;
    let latest = world.place(&ada, lamp).await;
    assert_eq!(latest["Price"], json!(6.00));
}

#[tokio::test(start_paused = true)]
async fn only_a_manager_orders_for_others() {
    let world = World::start().await;
    let (ada, bob, admin) =
        (world.person("ada").await, world.person("bob").await, world.manager().await);
    let lamp = world.product("Lamp", 5).await;
    let order_for = |user| json!({ "ProductId": lamp, "UserName": user });
    assert_eq!(world.post("/place-order", &ada, order_for("bob")).await.status, 403);
    assert_eq!(world.post("/place-order", &ada, order_for("ada")).await.status, 202);
    let placed = world.post("/place-order", &admin, order_for("bob")).await;
    assert_eq!((placed.status.as_u16(), &placed.body["UserName"]), (202, &json!("bob")));
    assert_eq!(world.single(&bob, id_of(&placed.body)).await["UserName"], "bob");
    let unknown = world.post("/place-order", &admin, order_for("eve")).await;
    assert_eq!((unknown.status.as_u16(), unknown.fields()), (422, vec!["UserName"]));
    let unknown = world.post("/place-order", &ada, order_for("eve")).await;
    assert_eq!(unknown.status, 403, "who else is there is not told");
}

#[tokio::test(start_paused = true)]
async fn the_same_request_again_acts_once_and_answers_the_same() {
    let world = World::start().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let lamp = world.product("Lamp", 5).await;
    let body = json!({ "ProductId": lamp, "Quantity": 2 });
    let first = world.keyed("/place-order", &ada, ("key-1", body.clone())).await;
    assert_eq!(first.status, 202);
    let id = id_of(&first.body);
    let same = async |world: &World| {
        let again = world.keyed("/place-order", &ada, ("key-1", body.clone())).await;
        assert_eq!((again.status, again.position), (first.status, first.position));
        assert_eq!(again.body, first.body);
    };
    same(&world).await;
    world.stock_reserved(lamp, id).await;
    world.credit_reserved(ada.id, id).await;
    world.settle().await;
    same(&world).await;
    world.of_product(lamp, product::Deleted { units_change: -9 }).await;
    same(&world).await;
    let world = world.reopened().await;
    same(&world).await;
    let other = json!({ "ProductId": lamp, "Quantity": 3 });
    let reused = world.keyed("/place-order", &ada, ("key-1", other)).await;
    assert_eq!((reused.status.as_u16(), reused.fields()), (422, vec!["Idempotency-Key"]));
    assert_eq!(world.kinds_of(id).await.iter().filter(|kind| *kind == "order.placed").count(), 1);

    let desk = world.product("Desk", 5).await;
    let body = json!({ "ProductId": desk });
    let mut ids = Vec::new();
    for (person, key) in [(&ada, "key-2"), (&ada, "key-3"), (&bob, "key-2")] {
        ids.push(id_of(&world.keyed("/place-order", person, (key, body.clone())).await.body));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "keys are each user's own");
    let bad = world.keyed("/place-order", &ada, ("a b", body)).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test(start_paused = true)]
async fn orders_are_found_by_whom_they_concern() {
    let world = World::start().await;
    let (ada, bob, admin) =
        (world.person("ada").await, world.person("bob").await, world.manager().await);
    let (lamp, desk) = (world.product("Lamp", 5).await, world.product("Desk", 7).await);
    let mut placed = Vec::new();
    for (person, product) in [(&ada, lamp), (&bob, lamp), (&ada, desk)] {
        placed.push(id_of(&world.place(person, product).await));
    }
    let [first, second, third] = placed.try_into().expect("three");
    let found = async |person: &Person, query: String| {
        let answer = world.get(&format!("/get-orders?{query}"), person).await;
        ids(&answer.body).map_err(|()| answer.status.as_u16())
    };
    let product = format!("Type=All&ProductId={lamp}");
    let day = "From=2026-01-01T00:00:00Z&To=2026-01-02T00:00:00%2B00:00";
    for (person, query, expected) in [
        (&admin, "Type=All".to_owned(), Ok(vec![third, second, first])),
        (&admin, product, Ok(vec![second, first])),
        (&admin, "Type=All&Status=Pending".to_owned(), Ok(vec![third, second, first])),
        (&admin, "Type=All&Status=Finalized".to_owned(), Ok(vec![])),
        (&admin, format!("Type=All&{day}"), Ok(vec![third, second, first])),
        (&admin, "Type=All&To=2026-01-01T00:00:00Z".to_owned(), Ok(vec![])),
        (&admin, "Type=Customer&Id=ada".to_owned(), Ok(vec![third, first])),
        (&admin, "Type=Customer&Id=eve".to_owned(), Err(404)),
        (&ada, "Type=Customer".to_owned(), Ok(vec![third, first])),
        (&ada, "Type=Customer&Id=ada".to_owned(), Ok(vec![third, first])),
        (&ada, "Type=Customer&Id=bob".to_owned(), Err(403)),
        (&ada, "Type=All".to_owned(), Err(403)),
        (&ada, format!("Type=Single&Id={first}"), Ok(vec![first])),
        (&ada, format!("Type=Single&Id={second}"), Err(403)),
        (&ada, "Type=Single&Id=4".to_owned(), Err(404)),
        (&ada, format!("Type=Single&Id={}", Uuid::from_u128(4)), Err(404)),
        (&ada, format!("Type=Single&Id={}", number(first)), Ok(vec![first])),
        (&ada, format!("Type=Single&Id={}", number(second)), Err(404)),
        (&admin, format!("Type=Single&Id={}", number(second)), Ok(vec![second])),
        (&ada, "Type=Single".to_owned(), Err(422)),
        (&ada, "Type=Customer&AsOf=3".to_owned(), Err(422)),
        (&ada, "Type=Some".to_owned(), Err(422)),
        (&ada, "Id=4".to_owned(), Err(422)),
        (&ada, "Type=Customer&Sort=Oldest".to_owned(), Ok(vec![first, third])),
        (&ada, "Type=Customer&Sort=Cheapest".to_owned(), Err(422)),
        (&ada, "Type=Customer&Limit=0".to_owned(), Err(422)),
        (&ada, "Type=Customer&Limit=501".to_owned(), Err(422)),
        (&ada, "Type=Customer&After=x".to_owned(), Err(422)),
        (&ada, "Type=Customer&From=yesterday".to_owned(), Err(422)),
        (&ada, "Type=Customer&Colour=red".to_owned(), Err(422)),
        (&ada, "Type=Customer&Id=%00".to_owned(), Err(400)),
    ] {
        assert_eq!(found(person, query.clone()).await, expected, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_orders_has_pages_from_either_end() {
    let world = World::start().await;
    let (ada, bob, admin) =
        (world.person("ada").await, world.person("bob").await, world.manager().await);
    let lamp = world.product("Lamp", 5).await;
    let first = id_of(&world.place(&ada, lamp).await);
    let second = id_of(&world.place(&bob, lamp).await);
    let third = id_of(&world.place(&ada, lamp).await);
    let posted = json!({ "Type": "Customer", "Id": "ada", "Limit": 1 });
    let page = world.post("/get-orders", &admin, posted).await;
    assert_eq!(ids(&page.body), Ok(vec![third]));
    let next = page.body["Next"].as_str().expect("there is more");
    let posted = json!({ "Type": "Customer", "Id": "ada", "Limit": 1, "After": next });
    let page = world.post("/get-orders", &admin, posted).await;
    assert_eq!((ids(&page.body), &page.body["Next"]), (Ok(vec![first]), &Value::Null));
    let oldest = "/get-orders?Type=All&Running=true&Sort=Oldest&Limit=2";
    let page = world.get(oldest, &admin).await;
    assert_eq!(ids(&page.body), Ok(vec![first, second]));
    let next = page.body["Next"].as_str().expect("there is more");
    let page = world.get(&format!("{oldest}&After={next}"), &admin).await;
    assert_eq!((ids(&page.body), &page.body["Next"]), (Ok(vec![third]), &Value::Null));
    assert_eq!(page.body.get("Total"), None, "not asked for");
    for (query, total) in [("All&Limit=1", 3), ("Customer&Id=ada", 2), ("All&Running=false", 0)] {
        let counted = world.get(&format!("/get-orders?Count=true&Type={query}"), &admin).await;
        assert_eq!(counted.body["Total"], total, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_manager_sees_an_order_as_it_stood() {
    let world = World::start().await;
    let (ada, admin) = (world.person("ada").await, world.manager().await);
    let lamp = world.product("Lamp", 5).await;
    let before = world.store().head().await.0;
    let id = id_of(&world.place(&ada, lamp).await);
    world.stock_reserved(lamp, id).await;
    world.credit_denied(ada.id, id).await;
    world.settle().await;
    let at = async |position: u64| {
        let path = format!("/get-orders?Type=Single&Id={id}&AsOf={position}");
        let answer = world.get(&path, &admin).await;
        let order = &answer.body["Items"][0];
        let words = ["Status", "StockStatus", "CreditStatus"].map(|name| order[name].clone());
        (answer.status.as_u16(), words.map(|word| word.as_str().unwrap_or("").to_owned()))
    };
    let words = |words: [&str; 3]| words.map(str::to_owned);
    assert_eq!(at(before).await.0, 404);
    assert_eq!(at(before + 1).await, (200, words(["Pending", "Pending", "Pending"])));
    assert_eq!(at(before + 2).await, (200, words(["Pending", "Reserved", "Pending"])));
    assert_eq!(at(before + 3).await, (200, words(["Pending", "Reserved", "Denied"])));
    assert_eq!(at(before + 4).await, (200, words(["Canceled", "Reserved", "Denied"])));
    assert_eq!(at(before + 5).await.0, 422, "the log is not there yet");
    let path = format!("/get-orders?Type=Single&Id={id}&AsOf=1");
    assert_eq!(world.get(&path, &ada).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_history_shows_every_step_by_all_services() {
    let world = World::start().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let lamp = world.product("Lamp", 5).await;
    let placed = world.place(&ada, lamp).await;
    let id = id_of(&placed);
    world.stock_reserved(lamp, id).await;
    world.credit_reserved(ada.id, id).await;
    world.settle().await;
    world.wound_up(&placed, ada.id, 3).await;
    let path = format!("/get-order-history?OrderId={id}");
    let history = world.get(&path, &ada).await;
    let steps = history.body["Items"].as_array().expect("steps").clone();
    let text = |step: &Value, name: &str| step[name].as_str().expect("text").to_owned();
    let told: Vec<_> = steps
        .iter()
        .map(|step| ["Event", "Service", "Actor"].map(|name| text(step, name)))
        .collect();
    assert_eq!(
        told,
        [
            ["order.placed", "order", "customer:ada"],
            ["product.stock-reserved", "product", "reactor:product"],
            ["customer.credit-reserved", "customer", "reactor:customer"],
            ["order.approved", "order", "reactor:order"],
            ["order.finalized", "order", "reactor:order"],
            ["product.stock-committed", "product", "reactor:product"],
            ["customer.credit-debited", "customer", "reactor:customer"],
            ["accounting.invoice-issued", "accounting", "reactor:accounting"],
        ]
    );
    assert!(steps.is_sorted_by_key(|step| step["Position"].as_u64()));
    assert_eq!(steps[7]["Details"], json!({ "InvoiceNumber": 3, "Total": 0.01 }));
    assert_eq!(steps[1]["Details"], json!({ "Price": 0.01, "UnitsLeft": 9 }));
    assert_eq!(world.get(&path, &bob).await.status, 403);
    let page = world.get(&format!("{path}&Limit=5"), &ada).await;
    let next = page.body["Next"].as_str().expect("there is more");
    let rest = world.get(&format!("{path}&After={next}"), &ada).await;
    assert_eq!(rest.body["Items"].as_array().map(Vec::len), Some(3));
    let unknown = format!("/get-order-history?OrderId={}", Uuid::from_u128(1));
    assert_eq!(world.get(&unknown, &ada).await.status, 404);
    assert_eq!(world.get("/get-order-history?OrderId=1", &ada).await.status, 422);
    assert_eq!(world.get("/get-order-history", &ada).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn statistics_are_for_managers() {
    let world = World::start().await;
    let (ada, admin) = (world.person("ada").await, world.manager().await);
    let lamp = world.product("Lamp", 5).await;
    let denied = id_of(&world.place(&ada, lamp).await);
    world.place(&ada, lamp).await;
    world.stock_denied(lamp, denied, Reason::OutOfStock).await;
    world.credit_denied(ada.id, denied).await;
    world.settle().await;
    let statistics = world.get("/get-order-statistics", &admin).await;
    assert_eq!(statistics.status, 200);
    assert_eq!((&statistics.body["Total"], &statistics.body["Open"]), (&json!(2), &json!(1)));
    let by_status = json!({ "Pending": 1, "Canceled": 1, "Approved": 0, "Finalized": 0 });
    assert_eq!(statistics.body["ByStatus"], by_status);
    assert_eq!(
        statistics.body["ByReason"],
        json!({
            "out-of-stock": 1, "low-credit": 1, "price-changed": 0, "unknown-product": 0,
            "unknown-customer": 0, "deadline": 0,
        })
    );
    assert!(statistics.body["Durations"]["MaxMs"].is_number());
    let none = world.get("/get-order-statistics?To=2026-01-01T00:00:00Z", &admin).await;
    assert_eq!(none.body["Total"], 0);
    assert_eq!(world.get("/get-order-statistics", &ada).await.status, 403);
    assert_eq!(world.get("/get-order-statistics?From=1", &admin).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn without_the_event_store_reading_goes_on_and_orders_are_refused_in_time() {
    let world = World::start().await;
    let (ada, lamp) = (world.person("ada").await, world.product("Lamp", 5).await);
    let id = id_of(&world.place(&ada, lamp).await);
    // The latest server gets all requests; this one never answers.
    let _silent =
        (world.deps.transport.serve_appends().await, world.deps.transport.serve_reads().await);
    let asked_at = tokio::time::Instant::now();
    let refused = world.post("/place-order", &ada, json!({ "ProductId": lamp })).await;
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(asked_at.elapsed() <= std::time::Duration::from_secs(2));
    assert_eq!(world.single(&ada, id).await["ProductName"], "Lamp");
}

/// The ids of the orders in a list.
fn ids(list: &Value) -> Result<Vec<Uuid>, ()> {
    let items = list["Items"].as_array().ok_or(())?;
    Ok(items.iter().map(id_of).collect())
}
