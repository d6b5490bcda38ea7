//! Requests sent twice under one key: executed once, answered alike, also by another process.

use serde_json::{Value, json};

use super::{
    calls::{Call, PICTURES, World, text},
    document, entitled,
    faults::Operation,
    is_well, misanswered,
    shop::{Answer, Asked, Shop},
    with_token,
};

/// The request of a call under a key of its own.
fn keyed(world: &World, call: &Call) -> Asked {
    let asked = with_token(call.good(), entitled(world, call.access));
    asked.header("idempotency-key", &format!("key-of-{}", call.path))
}

fn same(first: &Answer, again: &Answer) -> bool {
    (first.status, shown(first)) == (again.status, shown(again))
}

/// The answer but for how many products a category has, which is always as it is now.
fn shown(answer: &Answer) -> Value {
    let mut shown = answer.json();
    shown.as_object_mut().expect("answers are objects").remove("Products");
    shown
}

#[tokio::test]
async fn a_request_sent_again_under_its_key_acts_once_and_is_answered_alike_also_after_a_restart() {
    let mut shop = Shop::start().await;
    let world = World::make(&shop).await;
    let document = document(&shop).await;
    let mut calls = world.calls();
    calls.retain(|call| Operation::of(&document, call).is_keyed());
    let names: Vec<String> = calls.iter().map(Call::name).collect();
    assert_eq!(calls.len(), 14, "of all calls that create or change, only: {names:?}");

    let mut answers = Vec::new();
    for call in &calls {
        let asked = keyed(&world, call);
        let first = shop.ask(&asked).await;
        let created = first.done();
        if call.path == "/order/place-order" {
            world.settled(&shop, &text(&created["OrderId"])).await;
        }
        let head = shop.get(&world.manager, "/events/head").await;
        let again = shop.ask(&asked).await;
        assert!(same(&first, &again), "{}: {first:?}, then {again:?}", call.name());
        let mut another = call.clone();
        another.body = call.body.clone().map(changed);
        another.file = call.file.map(|_| PICTURES[0]);
        let answer = shop.ask(&keyed(&world, &another)).await;
        misanswered(&answer, 422, Some("Idempotency-Key"))
            .unwrap_or_else(|why| panic!("{}: {why}", call.name()));
        let now = shop.get(&world.manager, "/events/head").await;
        assert_eq!(now, head, "{} acted again", call.name());
        answers.push((asked, first));
    }
    let head = shop.get(&world.manager, "/events/head").await;
    shop.restart().await;
    for (asked, first) in &answers {
        let again = shop.ask(asked).await;
        assert!(same(first, &again), "after a restart: {first:?}, then {again:?}");
    }
    // A start with the manager's password given records that password again, if it has to, and nothing else.
    let recorded = shop.get(&world.manager, "/events/head").await;
    assert_eq!(recorded, head, "something acted again after the restart");
    let listed = shop.get(&world.manager, "/product/get-all-products?Search=Ale").await;
    assert_eq!(listed["Items"].as_array().map(Vec::len), Some(1), "{listed}");
}

/// Another request about the same thing: one that would be good under another key.
fn changed(mut body: Value) -> Value {
    let members = body.as_object_mut().expect("bodies are objects");
    let others = [
        ("Name", json!("Another")),
        ("FullName", json!("Another")),
        ("Change", json!(13)),
        ("UnitsChange", json!(6)),
        ("Units", json!(6)),
    ];
    let known = others.into_iter().find(|(name, _)| members.contains_key(*name));
    match known {
        Some((name, other)) => members.insert(name.to_owned(), other),
        None if members.contains_key("UserName") => members.insert("Quantity".to_owned(), json!(2)),
        // Nothing but an id: the same one, written otherwise.
        None => {
            members.values_mut().for_each(|id| *id = json!(text(id).to_uppercase()));
            None
        }
    };
    body
}

#[tokio::test]
async fn the_same_key_is_another_one_for_another_user_or_call() {
    let shop = Shop::start().await;
    let world = World::make(&shop).await;
    let order = |token: &str| {
        let body = json!({ "ProductId": world.product });
        let asked = Asked::new("POST", "/order/place-order").json(&body);
        asked.token(token).header("idempotency-key", "one")
    };
    let alices = shop.ask(&order(&world.alice)).await.done();
    let bobs = shop.ask(&order(&world.bob)).await.done();
    assert_ne!(alices["OrderId"], bobs["OrderId"]);
    is_well(&shop, &world).await;
}
