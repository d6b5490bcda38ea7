//! Refusals: their status, and the fields they name.

use identity::Role::{Customer, Manager};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::World;

/// More than one field, and calls other than those that add or change a product.
fn of_other_calls(id: &Value) -> [(&'static str, Value, String); 6] {
    [
        (
            "/update-product",
            json!({"ProductId": id, "UnitsInStock": 1, "UnitsChange": 1}),
            "UnitsChange".to_owned(),
        ),
        ("/update-product", json!({"Name": "x"}), "ProductId".to_owned()),
        ("/delete-product", json!({}), "ProductId".to_owned()),
        ("/add-new-category", json!({"Name": ""}), "Name".to_owned()),
        ("/add-new-category", json!({"Name": "x".repeat(101)}), "Name".to_owned()),
        ("/update-category", json!({"CategoryId": 1, "Name": "x"}), "CategoryId".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_at_fault_is_named() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let id = &product["ProductId"];
    let unknown = Uuid::from_u128(99);
    let add = |field: &str, value: Value| {
        let mut request = world.new_product("T-2", "Ceylon", 1);
        request[field] = value;
        ("/add-new-product", request, field.to_owned())
    };
    let update = |field: &str, value: Value| {
        let mut request = json!({"ProductId": id});
        request[field] = value;
        ("/update-product", request, field.to_owned())
    };
    let cases = [
        add("Code", json!("")),
        add("Code", json!("T 2")),
        add("Code", json!("x".repeat(65))),
        add("Name", json!("")),
        add("Name", json!("x".repeat(201))),
        add("Name", json!("a\u{0}b")),
        add("Name", Value::Null),
        add("Name", json!("evil\u{202e}gpj")),
        add("Name", json!("as\u{200b}sam")),
        add("Name", json!("two\nlines")),
        add("Code", json!("T\u{200b}2")),
        add("Supplier", json!("\u{feff}Tea")),
        add("Description", json!("a\u{202e}b")),
        add("Description", json!("a\u{0}b")),
        add("Description", json!("x".repeat(2001))),
        add("Supplier", json!(7)),
        add("CategoryId", json!(unknown)),
        add("CategoryId", json!("tea")),
        add("Price", json!(-1)),
        add("Price", json!("1.999")),
        add("Price", json!("1000000000.01")),
        add("UnitsInStock", json!(-1)),
        add("UnitsInStock", json!(1_000_000_001)),
        add("UnitsInStock", json!(1.5)),
        add("UnitsInStock", json!("100")),
        add("Colour", json!("red")),
        update("CategoryId", json!(unknown)),
        update("UnitsInStock", json!(-1)),
        update("UnitsChange", json!(-11)),
        update("UnitsChange", json!(1_000_000_001)),
        update("UnitsChange", json!(1_000_000_000)),
        update("Version", json!(-1)),
        update("Code", json!("T-9")),
    ];
    for (path, request, field) in cases.into_iter().chain(of_other_calls(id)) {
        let problem = world.post(path, request.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], field, "{path} {request}: {problem}");
    }
    assert_eq!(world.get("/get-product-details?Code=T-1").await.expect(200), product);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_at_fault_is_refused_by_field() {
    let world = World::with_tea().await;
    let id = Uuid::from_u128(1);
    for (path, field) in [
        ("/get-product-details".to_owned(), "ProductId"),
        (format!("/get-product-details?ProductId={id}&Code=T-1"), "ProductId"),
        ("/get-product-details?ProductId=1".to_owned(), "ProductId"),
        ("/get-product-details?Code=".to_owned(), "Code"),
        (format!("/get-product-details?ProductId={id}&AsOf=x"), "AsOf"),
        ("/get-all-products?Sort=Colour".to_owned(), "Sort"),
        ("/get-all-products?CategoryId=1".to_owned(), "CategoryId"),
        ("/get-products?Limit=501".to_owned(), "Limit"),
        ("/get-products?After=x".to_owned(), "After"),
        ("/get-categories?After=bm8".to_owned(), "After"),
        ("/get-category-details".to_owned(), "CategoryId"),
    ] {
        let problem = world.get(&path).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let world = World::with_tea().await;
    let id = Uuid::from_u128(1);
    for path in [
        format!("/get-product-details?ProductId={id}"),
        "/get-product-details?Code=T-1".to_owned(),
        format!("/get-products?CategoryId={id}"),
        format!("/get-category-details?CategoryId={id}"),
    ] {
        world.get(&path).await.expect(404);
    }
    for (path, request) in [
        ("/update-product", json!({"ProductId": id, "Name": "x"})),
        ("/delete-product", json!({"ProductId": id})),
        ("/update-category", json!({"CategoryId": id, "Name": "x"})),
        ("/delete-category", json!({"CategoryId": id})),
    ] {
        world.post(path, request).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_stays_taken() {
    let world = World::with_tea().await;
    world.product("T-1", "Assam", 10).await;
    let again = world.post("/add-new-product", world.new_product("T-1", "Ceylon", 1)).await;
    assert_eq!(again.expect(409)["type"], "/problems/taken");
    let soap = world.post("/add-new-category", json!({"Name": "Soap"})).await.expect(201);
    world.post("/add-new-category", json!({"Name": "TEA"})).await.expect(409);
    let rename = json!({"CategoryId": soap["CategoryId"], "Name": "tea"});
    world.post("/update-category", rename).await.expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_an_older_version_is_told_the_current_one() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let id = &product["ProductId"];
    let mine = json!({"ProductId": id, "Version": 1, "Name": "Ceylon"});
    let current = world.post("/update-product", mine.clone()).await.expect(200);
    let problem = world.post("/update-product", mine).await.expect(409);
    assert_eq!(problem["type"], "/problems/stale-version");
    assert_eq!(problem["Current"], current);
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_not_taken_from_under_open_orders() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    world.order(1, &product, 4).await;
    world.settle().await;
    let id = &product["ProductId"];
    for (field, units) in [("UnitsInStock", 3), ("UnitsChange", -7)] {
        let problem = world.post("/update-product", json!({"ProductId": id, field: units})).await;
        assert_eq!(problem.expect(422)["errors"][0]["field"], field);
    }
    let just = world.post("/update-product", json!({"ProductId": id, "UnitsInStock": 4})).await;
    assert_eq!(just.expect(200)["Available"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_managers_change_the_catalogue() {
    let world = World::with_tea().await;
    for path in [
        "/add-new-product",
        "/update-product",
        "/delete-product",
        "/add-new-category",
        "/update-category",
        "/delete-category",
    ] {
        // Refused before the body is looked at.
        world.ask("POST", path).json(&json!({})).send().await.expect(401);
        world.ask_as(Customer, "POST", path).json(&json!({})).send().await.expect(403);
        world.ask_as(Manager, "GET", path).send().await.expect(405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_sent_as_a_text_is_said_to_be_one() {
    let world = World::with_tea().await;
    let mut request = world.new_product("T-2", "Ceylon", 1);
    request["UnitsInStock"] = json!("100");
    let refused = world.post("/add-new-product", request).await.expect(422);
    let detail = refused["errors"][0]["detail"].as_str().expect("a detail");
    assert!(detail.contains("a whole number") && detail.contains("not a string"), "{detail}");
}
