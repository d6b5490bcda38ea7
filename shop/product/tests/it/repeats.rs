//! Retried requests: executed once and answered alike.

use identity::Role::Manager;
use serde_json::{Value, json};
use testing::Answer;

use crate::harness::World;

/// A POST by a manager under a key.
async fn keyed(world: &World, path: &str, key: &str, body: &Value) -> Answer {
    world.ask_as(Manager, "POST", path).header("idempotency-key", key).json(body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_added_once_and_answered_as_it_was() {
    let world = World::with_tea().await;
    for with_code in [true, false] {
        let mut request = world.new_product("T-1", "Assam", 10);
        if !with_code {
            request.as_object_mut().expect("an object").remove("Code");
        }
        let key = format!("key-{with_code}");
        let first = keyed(&world, "/add-new-product", &key, &request).await;
        let (position, product) = (first.position, first.expect(201));
        let id = &product["ProductId"];
        world.order(u128::from(with_code), &product, 3).await;
        world.post("/update-product", json!({"ProductId": id, "Name": "Ceylon"})).await.expect(200);
        world.settle().await;
        let again = keyed(&world, "/add-new-product", &key, &request).await;
        assert_eq!((again.position, again.expect(201)), (position, product));

        for (field, other) in [("Name", "Rize"), ("Code", "T-9")] {
            let mut request = request.clone();
            request[field] = json!(other);
            let problem = keyed(&world, "/add-new-product", &key, &request).await.expect(422);
            assert_eq!(problem["errors"][0]["field"], "Idempotency-Key", "{field}");
        }
    }
    assert_eq!(
        world.get("/get-all-products").await.expect(200)["Items"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_added_at_once_by_many_is_added_once() {
    let world = World::with_tea().await;
    let request = world.new_product("T-1", "Assam", 10);
    let one = || keyed(&world, "/add-new-product", "k", &request);
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let first = a.expect(201);
    for other in [b, c, d] {
        assert_eq!(other.expect(201), first);
    }
    assert_eq!(first["Version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_answers_a_repeated_change_as_it_was_answered_first() {
    let world = World::with_tea().await;
    let soap = world.post("/add-new-category", json!({"Name": "Soap"})).await.expect(201);
    let product = world.product("T-1", "Assam", 10).await;
    let id = &product["ProductId"];
    let change = json!({"ProductId": id, "UnitsChange": 5, "CategoryId": soap["CategoryId"]});
    let first = keyed(&world, "/update-product", "k", &change).await;
    let (position, changed) = (first.position, first.expect(200));
    assert_eq!(changed["UnitsInStock"], 15);

    // Whatever has happened since, and were the category itself gone.
    let back = json!({"ProductId": id, "CategoryId": world.tea, "UnitsChange": 1});
    world.post("/update-product", back).await.expect(200);
    world.post("/delete-category", json!({"CategoryId": soap["CategoryId"]})).await.expect(200);
    let again = keyed(&world, "/update-product", "k", &change).await;
    assert_eq!((again.position, again.expect(200)), (position, changed));
    let now = world.get("/get-product-details?Code=T-1").await.expect(200);
    assert_eq!(now["UnitsInStock"], 16);

    let other = json!({"ProductId": id, "UnitsChange": 6});
    keyed(&world, "/update-product", "k", &other).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_sent_again_is_no_failure() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let soap = world.post("/add-new-category", json!({"Name": "Soap"})).await.expect(201);
    for (path, request) in [
        ("/delete-product", json!({"ProductId": product["ProductId"]})),
        ("/delete-category", json!({"CategoryId": soap["CategoryId"]})),
    ] {
        let first = keyed(&world, path, "k", &request).await;
        let again = keyed(&world, path, "k", &request).await;
        assert_eq!(first.position, again.position, "{path}");
        assert_eq!(first.expect(200), again.expect(200), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_category_is_added_once_however_many_came_after_it() {
    let world = World::start().await;
    let request = json!({"Name": "Tea"});
    let first = keyed(&world, "/add-new-category", "k", &request).await;
    let (position, category) = (first.position, first.expect(201));
    for number in 0..20 {
        let name = json!({"Name": format!("Category {number}")});
        keyed(&world, "/add-new-category", &format!("k{number}"), &name).await.expect(201);
    }
    let rename = json!({"CategoryId": category["CategoryId"], "Name": "Teas"});
    world.post("/update-category", rename).await.expect(200);
    let again = keyed(&world, "/add-new-category", "k", &request).await;
    assert_eq!((again.position, again.expect(201)), (position, category));
    keyed(&world, "/add-new-category", "k", &json!({"Name": "Soap"})).await.expect(422);
    let all = world.get("/get-categories").await.expect(200);
    assert_eq!(all["Items"].as_array().map(Vec::len), Some(21));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hands_on_a_position_reads_what_they_wrote() {
    let world = World::with_tea().await;
    let added = world.post("/add-new-product", world.new_product("T-1", "Assam", 1)).await;
    let position = added.position.expect("a position").to_string();
    let path = "/get-product-details?Code=T-1";
    let read = world.ask("GET", path).header("agora-position", &position).send().await;
    let added = added.expect(201);
    assert_eq!(read.expect(200), added);
    let beyond = world.ask("GET", path).header("agora-position", "1000000").send().await;
    assert_eq!(beyond.expect(200), added, "what the log has not is not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_written_in_another_way_is_the_same_request() {
    let world = World::with_tea().await;
    let spellings = [
        r#"{"Name":"Café","Description":"","Supplier":"","CategoryId":"ID","Price":5,"UnitsInStock":1}"#,
        "{ \"UnitsInStock\": 1,\n  \"CategoryId\": \"ID\", \"Supplier\": \"\", \"Price\": 5, \"Description\": \"\", \"Name\": \"Caf\\u00e9\" }",
    ];
    let category = world.new_product("T-1", "Assam", 1)["CategoryId"].clone();
    let category = category.as_str().expect("an id");
    let mut ids = Vec::new();
    for spelling in spellings {
        let ask = world.ask_as(Manager, "POST", "/add-new-product");
        let ask = ask.header("idempotency-key", "k").header("content-type", "application/json");
        let body = spelling.replace("ID", category).into_bytes();
        ids.push(ask.raw(body).send().await.expect(201)["ProductId"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let mut other = world.new_product("T-1", "Café", 1);
    other["Price"] = json!(6);
    keyed(&world, "/add-new-product", "k", &other).await.expect(422);
}
