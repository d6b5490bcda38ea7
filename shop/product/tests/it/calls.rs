//! What the calls about products and categories answer.

use identity::Role::{Customer, Manager};
use serde_json::{Value, json};

use crate::harness::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_added_listed_and_found() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    assert_eq!(
        product,
        json!({
            "ProductId": product["ProductId"], "Code": "T-1", "Name": "Assam", "Description": "Loose leaves",
            "Supplier": "Teehaus Li", "CategoryId": world.tea, "CategoryName": "Tea", "Price": 3.5,
            "Currency": "EUR", "UnitsInStock": 10, "Available": 10, "Version": 1,
        })
    );
    let id = product["ProductId"].as_str().expect("an id");
    for path in
        [format!("/get-product-details?ProductId={id}"), "/get-product-details?Code=T-1".to_owned()]
    {
        assert_eq!(world.get(&path).await.expect(200), product);
    }
    for path in ["/get-all-products".to_owned(), format!("/get-products?CategoryId={}", world.tea)]
    {
        let list = world.get(&path).await.expect(200);
        assert_eq!(list, json!({"Items": [product], "Next": null}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_products_without_a_code_are_two() {
    let world = World::with_tea().await;
    let mut request = world.new_product("x", "Assam", 1);
    request.as_object_mut().expect("an object").remove("Code");
    let one = world.post("/add-new-product", request.clone()).await.expect(201);
    let other = world.post("/add-new-product", request).await.expect(201);
    assert_ne!(one["ProductId"], other["ProductId"]);
    assert_eq!(one["Code"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_given_changes() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let id = &product["ProductId"];
    let change = json!({"ProductId": id, "Version": 1, "Price": "4.00", "UnitsChange": -4});
    let changed = world.post("/update-product", change).await.expect(200);
    let mut expected = product.clone();
    expected["Price"] = json!(4.0);
    expected["UnitsInStock"] = json!(6);
    expected["Available"] = json!(6);
    expected["Version"] = json!(2);
    assert_eq!(changed, expected);

    let nothing = world.post("/update-product", json!({"ProductId": id})).await.expect(200);
    assert_eq!(nothing, expected, "nothing given, nothing changed, not even the version");
    let counted = json!({"ProductId": id, "UnitsInStock": 100});
    let counted = world.post("/update-product", counted).await.expect(200);
    assert_eq!((&counted["UnitsInStock"], &counted["Version"]), (&json!(100), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_product_is_gone_and_its_code_may_come_back() {
    let world = World::with_tea().await;
    let product = world.product("T-1", "Assam", 10).await;
    let delete = json!({"ProductId": product["ProductId"]});
    let answer = world.post("/delete-product", delete.clone()).await.expect(200);
    assert_eq!(answer, delete);
    world.get("/get-product-details?Code=T-1").await.expect(404);
    assert_eq!(world.get("/get-all-products").await.expect(200)["Items"], json!([]));
    world.post("/delete-product", delete).await.expect(404);
    let again = world.product("T-1", "Assam", 2).await;
    assert_eq!((&again["ProductId"], &again["Version"]), (&product["ProductId"], &json!(3)));
    assert_eq!((&again["UnitsInStock"], &again["Available"]), (&json!(2), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_are_added_renamed_counted_and_deleted() {
    let world = World::with_tea().await;
    assert_eq!(world.get("/get-currency").await.expect(200), json!({ "Currency": "EUR" }));
    let soap = world.post("/add-new-category", json!({"Name": "Soap"})).await.expect(201);
    world.product("T-1", "Assam", 1).await;
    let rename = json!({"CategoryId": world.tea, "Name": "Teas"});
    let renamed = world.post("/update-category", rename).await.expect(200);
    assert_eq!(renamed, json!({"CategoryId": world.tea, "Name": "Teas", "Products": 1}));
    let all = world.get("/get-categories").await.expect(200);
    assert_eq!(all["Items"], json!([soap, renamed]));
    let path = format!("/get-category-details?CategoryId={}", world.tea);
    assert_eq!(world.get(&path).await.expect(200), renamed);
    let product = world.get("/get-product-details?Code=T-1").await.expect(200);
    assert_eq!(product["CategoryName"], "Teas");

    let delete = json!({"CategoryId": soap["CategoryId"]});
    assert_eq!(world.post("/delete-category", delete.clone()).await.expect(200), delete);
    world.post("/delete-category", delete).await.expect(404);
    let in_use = world.post("/delete-category", json!({"CategoryId": world.tea})).await.expect(409);
    assert_eq!(
        (&in_use["type"], &in_use["Products"]),
        (&json!("/problems/category-in-use"), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_set_what_counts_as_low_stock_and_it_stays() {
    let world = World::start().await;
    let low = async |role| world.ask_as(role, "GET", "/get-low-stock").send().await;
    assert_eq!(low(Manager).await.expect(200), json!({ "Units": null }));
    let set = world.post("/set-low-stock", json!({ "Units": 12 })).await.expect(200);
    assert_eq!(set, json!({ "Units": 12 }));
    for wrong in [json!({ "Units": -1 }), json!({ "Units": 1.5 }), json!({})] {
        world.post("/set-low-stock", wrong).await.expect(422);
    }
    assert_eq!(low(Manager).await.expect(200), json!({ "Units": 12 }));
    low(Customer).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_whose_category_went_at_that_moment_shows_under_none() {
    let world = World::with_tea().await;
    world.product("T-1", "Assam", 1).await;
    // Past the check that the call makes, as in a race.
    let deleted = contracts::catalogue::CategoryDeleted { category: world.tea };
    let event = contracts::catalogue::CatalogueEvent::from(deleted);
    world.record(contracts::catalogue::stream(), &event).await;
    world.settle().await;
    let product = world.get("/get-product-details?Code=T-1").await.expect(200);
    assert_eq!(product["CategoryName"], "none");
    assert_eq!(product["CategoryId"], json!(world.tea));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_of_answers_as_it_stood_then() {
    let world = World::with_tea().await;
    let added = world.post("/add-new-product", world.new_product("T-1", "Assam", 10)).await;
    let (then, product) = (added.position.expect("a position").0, added.expect(201));
    let id = product["ProductId"].as_str().expect("an id");
    world.order(1, &product, 3).await;
    world.settle().await;
    world
        .post("/update-category", json!({"CategoryId": world.tea, "Name": "Teas"}))
        .await
        .expect(200);
    world.post("/delete-product", json!({"ProductId": id})).await.expect(200);

    let path = |as_of: u64| format!("/get-product-details?ProductId={id}&AsOf={as_of}");
    let as_of = async |position: u64| world.ask_as(Manager, "GET", &path(position)).send().await;
    assert_eq!(as_of(then).await.expect(200), product);
    as_of(then - 1).await.expect(404);
    let reserved = as_of(then + 2).await.expect(200);
    assert_eq!((&reserved["UnitsInStock"], &reserved["Available"]), (&json!(10), &json!(7)));
    assert_eq!(reserved["CategoryName"], "Tea");
    let head = world.store().head().await.0;
    as_of(head).await.expect(404);
    as_of(head + 1).await.expect(422);
    as_of(u64::MAX).await.expect(422);
    world.get(&path(then)).await.expect(401);
    world.ask_as(Customer, "GET", &path(then)).send().await.expect(403);
}

/// The operator's calls are every service's, and tested with `web`.
const OPERATORS: [&str; 8] = [
    "/drop-model",
    "/inbox",
    "/model-digest",
    "/model-generations",
    "/rebuild-model",
    "/retry-event",
    "/skip-event",
    "/switch-model",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_document_tells_of_every_call() {
    let world = World::start().await;
    let document = world.get("/openapi.json").await.expect(200);
    let calls = document["paths"].as_object().expect("paths");
    let mut names: Vec<&str> = calls.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "/add-new-category",
            "/add-new-product",
            "/delete-category",
            "/delete-product",
            "/drop-model",
            "/get-all-products",
            "/get-categories",
            "/get-category-details",
            "/get-currency",
            "/get-low-stock",
            "/get-picture/{Hash}",
            "/get-product-details",
            "/get-products",
            "/inbox",
            "/model-digest",
            "/model-generations",
            "/rebuild-model",
            "/remove-picture",
            "/retry-event",
            "/set-low-stock",
            "/set-picture",
            "/skip-event",
            "/switch-model",
            "/update-category",
            "/update-product",
        ]
    );
    for (name, call) in calls.iter().filter(|(name, _)| !OPERATORS.contains(&name.as_str())) {
        let posts = call.get("post").is_some();
        let operation = call.get("post").or(call.get("get")).expect("an operation");
        let is_for_managers = posts || name.as_str() == "/get-low-stock";
        assert_eq!(operation.get("security").is_some(), is_for_managers, "{name}");
        let statuses = operation["responses"].as_object().expect("responses");
        let takes_something = posts || operation.get("parameters").is_some();
        let barred = if posts { &["401", "403"][..] } else { &[] };
        let refused = takes_something.then_some("422");
        for status in barred.iter().copied().chain(refused).chain(["503"]) {
            assert!(statuses.contains_key(status), "{name} says nothing of {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_has_lines_and_names_are_kept_in_one_unicode_form() {
    let world = World::with_tea().await;
    let mut request = world.new_product("cafe\u{301}-1", "Cafe\u{301} crema", 1);
    request["Description"] = json!("one\r\ntwo\n\tthree");
    let product = world.post("/add-new-product", request.clone()).await.expect(201);
    assert_eq!(product["Description"], "one\ntwo\n\tthree");
    assert_eq!(
        (&product["Name"], &product["Code"]),
        (&json!("Caf\u{e9} crema"), &json!("caf\u{e9}-1"))
    );
    request["Code"] = json!("caf\u{e9}-1");
    world.post("/add-new-product", request).await.expect(409);
    for code in ["caf%C3%A9-1", "cafe%CC%81-1"] {
        let path = format!("/get-product-details?Code={code}");
        assert_eq!(world.get(&path).await.expect(200), product, "{code}");
    }
    for search in ["caf%C3%A9", "CAFE%CC%81", "cafe", "two%20%20three"] {
        let found = world.get(&format!("/get-all-products?Search={search}")).await.expect(200);
        assert_eq!(found["Items"], json!([product]), "{search}");
    }
    world.post("/add-new-category", json!({"Name": "Cafe\u{301}"})).await.expect(201);
    world.post("/add-new-category", json!({"Name": "CAF\u{c9}"})).await.expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_recorded_under_another_form_of_its_code_is_still_found() {
    let world = World::with_tea().await;
    let code = "cafe\u{301}";
    let product = product::domain::id_of_code(code);
    let added = contracts::product::Added {
        product,
        code: Some(code.to_owned()),
        name: "Old".to_owned(),
        description: String::new(),
        supplier: String::new(),
        category: uuid::Uuid::nil(),
        price: contracts::money::Money::from_minor(100),
        currency: "EUR".to_owned(),
        units: 1,
    };
    let event = contracts::product::ProductEvent::from(added);
    world.record(contracts::product::stream(product), &event).await;
    world.settle().await;
    let found = world.get("/get-product-details?Code=cafe%CC%81").await.expect(200);
    assert_eq!(found["ProductId"], json!(product));
    let again = world.new_product(code, "New", 1);
    world.post("/add-new-product", again).await.expect(409);
}
