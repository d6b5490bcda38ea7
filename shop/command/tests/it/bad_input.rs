//! Bad input to a real shop, on every call that its OpenAPI document lists: refused as documented, and nothing breaks by it.

mod calls;
mod faults;
mod shop;
mod tokens;
mod twice;

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use self::{
    calls::{Access, Call, World},
    faults::Operation,
    shop::{Answer, Asked, Shop},
};

/// The joined OpenAPI document of all services.
async fn document(shop: &Shop) -> Value {
    shop.ask(&Asked::new("GET", "/openapi.json")).await.done()
}

/// The document's calls, each as `METHOD /path`.
fn documented(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("a document has paths");
    let calls = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
    });
    calls.collect()
}

/// What a refusal does wrong, if anything: it must be problem details of that status, about that field, and tell no secrets.
#[expect(clippy::match_bool, reason = "both answers side by side")]
fn misanswered(answer: &Answer, status: u16, field: Option<&str>) -> Result<(), String> {
    let text = String::from_utf8_lossy(&answer.body);
    let check = |holds: bool, what: &str| match holds {
        true => Ok(()),
        false => Err(format!("{what}: {} {text:.300}", answer.status)),
    };
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    check(answer.status == status, &format!("expected {status}"))?;
    check(header("content-type") == Some("application/problem+json"), "no problem details")?;
    let problem: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    check(problem["status"] == status, "another status in the body")?;
    check(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "no title")?;
    check(problem["type"].as_str().is_some_and(|kind| kind.starts_with("/problems/")), "no type")?;
    check(
        header("x-request-id").is_some() && problem["RequestId"].as_str() == header("x-request-id"),
        "no request id",
    )?;
    for internal in ["serde", "sqlite", "panicked", "src/", "struct ", "crates/"] {
        check(!text.contains(internal), &format!("shows internals ({internal:?})"))?;
    }
    // What parsers say to programmers.
    for parser in [
        "UUID parsing",
        "Invalid URL",
        "invalid digit",
        "target type",
        "expected `",
        "EOF",
        ", expected ",
    ] {
        check(!text.contains(parser), &format!("is not plain English ({parser:?})"))?;
    }
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    check(status == 422 || errors.is_empty(), "fields at fault with another status than 422")?;
    let detailed = errors
        .iter()
        .all(|error| error["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    check(detailed && (status != 422 || !errors.is_empty()), "no details of the fields at fault")?;
    let named = |field: &str| errors.iter().any(|error| error["field"] == field);
    check(field.is_none_or(named), &format!("{field:?} is not among the fields at fault"))
}

/// The token of who may make a call.
fn entitled(world: &World, access: Access) -> Option<&str> {
    match access {
        Access::Public => None,
        Access::Own => Some(&world.alice),
        Access::Manager => Some(&world.manager),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "reads as a step of making a request")]
fn with_token(asked: Asked, token: Option<&str>) -> Asked {
    token.map_or_else(|| asked.clone(), |token| asked.clone().token(token))
}

/// After all that was sent, the shop is as well as before.
async fn is_well(shop: &Shop, world: &World) {
    assert_eq!(shop.ask(&Asked::new("GET", "/health/ready")).await.done()["Ready"], true);
    world.order_is_finalized(shop).await;
    let failures = shop.metric("agora_follower_failures_total").await;
    assert!(!failures.is_empty(), "the metric of failed followers is there");
    assert!(failures.iter().all(|(_, count)| *count == 0.0), "{failures:?}");
    let status = shop.get(&world.manager, "/system/get-status").await;
    for service in status["Services"].as_array().expect("services") {
        assert_eq!(service["Ready"], true, "{service}");
    }
}

#[tokio::test]
async fn every_call_refuses_whatever_is_wrong_with_a_request() {
    let shop = Shop::start().await;
    let world = World::make(&shop).await;
    let document = document(&shop).await;
    let calls = world.calls();
    let ours: BTreeSet<String> = calls.iter().map(Call::name).collect();
    assert_eq!(
        documented(&document),
        ours,
        "every documented call has a good request to be spoiled"
    );
    let head = shop.get(&world.manager, "/events/head").await;

    let (mut wrong, mut sent) = (Vec::new(), 0);
    for call in &calls {
        let operation = Operation::of(&document, call);
        assert_eq!(operation.needs_token(), call.access != Access::Public, "{}", call.name());
        for fault in operation.faults(call) {
            let asked = with_token(fault.asked, entitled(&world, call.access));
            let answer = shop.ask(&asked).await;
            sent += 1;
            if let Err(why) = misanswered(&answer, fault.status, fault.field.as_deref()) {
                wrong.push(format!("{}, {}: {why}", call.name(), fault.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(sent > 1500, "only {sent} faults were thought of");
    assert_eq!(shop.get(&world.manager, "/events/head").await, head, "nothing was recorded");
    is_well(&shop, &world).await;

    // What was spoiled was good: refused for the fault alone.
    for call in &calls {
        let answer = shop.ask(&with_token(call.good(), entitled(&world, call.access))).await;
        // Nothing is in an inbox to be decided about, and whether a model can be switched depends on how far it is.
        let is_undecidable = (call.path.ends_with("-event") && answer.status == 404)
            || (call.path.ends_with("-model") && answer.status == 409);
        let is_good = (200..300).contains(&answer.status) || is_undecidable;
        assert!(is_good, "{}: {answer:?}", call.name());
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn rules_between_fields_are_refused_by_field() {
    let shop = Shop::start().await;
    let world = World::make(&shop).await;
    let (product, manager) = (world.product.as_str(), world.manager.as_str());
    let unknown = "0190c7f2-8b1e-7c3a-9f00-1234567890ab";
    let cases: &[(&str, &str, Value, u16, Option<&str>)] = &[
        (
            manager,
            "/product/update-product",
            json!({ "ProductId": product, "UnitsInStock": 1, "UnitsChange": 1 }),
            422,
            Some("UnitsChange"),
        ),
        (
            manager,
            "/product/update-product",
            json!({ "ProductId": product, "UnitsChange": -1001 }),
            422,
            Some("UnitsChange"),
        ),
        (
            manager,
            "/product/update-product",
            json!({ "ProductId": product, "CategoryId": unknown }),
            422,
            Some("CategoryId"),
        ),
        (
            manager,
            "/product/update-product",
            json!({ "ProductId": product, "Version": 77, "Name": "X" }),
            409,
            None,
        ),
        (
            manager,
            "/product/update-product",
            json!({ "ProductId": unknown, "Name": "X" }),
            404,
            None,
        ),
        (
            manager,
            "/product/add-new-product",
            json!({
                "Code": "TEA", "Name": "X", "Description": "", "Supplier": "", "CategoryId": world.category, "Price": 1, "UnitsInStock": 1,
            }),
            409,
            None,
        ),
        (manager, "/product/delete-product", json!({ "ProductId": unknown }), 404, None),
        (manager, "/product/delete-category", json!({ "CategoryId": world.category }), 409, None),
        (manager, "/product/delete-category", json!({ "CategoryId": unknown }), 404, None),
        (manager, "/product/add-new-category", json!({ "Name": "DRINKS" }), 409, None),
        (manager, "/customer/set-credit", json!({ "UserName": "alice" }), 422, Some("Credit")),
        (
            manager,
            "/customer/set-credit",
            json!({ "UserName": "alice", "Credit": 1, "Change": 1 }),
            422,
            Some("Credit"),
        ),
        (
            manager,
            "/customer/set-credit",
            json!({ "UserName": "alice", "Change": -1_000_000 }),
            422,
            None,
        ),
        (manager, "/customer/set-credit", json!({ "UserName": "nobody", "Credit": 1 }), 404, None),
        (
            &world.alice,
            "/customer/update-user",
            json!({ "UserName": "alice", "Password": "another-one" }),
            422,
            Some("CurrentPassword"),
        ),
        (
            &world.alice,
            "/customer/update-user",
            json!({ "UserName": "alice", "Email": "nowhere" }),
            422,
            Some("Email"),
        ),
        (
            "",
            "/customer/add-user",
            json!({ "UserName": "alice", "Password": "a word of their own", "FullName": "A", "Email": "a@b" }),
            409,
            None,
        ),
        (
            "",
            "/customer/add-user",
            json!({ "UserName": "Alice", "Password": "a word of their own", "FullName": "A", "Email": "a@b" }),
            422,
            Some("UserName"),
        ),
        (
            "",
            "/customer/login-user",
            json!({ "UserName": "alice", "Password": "wrong" }),
            401,
            None,
        ),
        (
            "",
            "/customer/login-user",
            json!({ "UserName": "nobody", "Password": "wrong" }),
            401,
            None,
        ),
        (&world.alice, "/order/place-order", json!({ "ProductId": unknown }), 404, None),
        (&world.alice, "/order/get-orders", json!({ "Type": "Single" }), 422, Some("Id")),
        (
            &world.alice,
            "/order/get-orders",
            json!({ "Type": "Customer", "AsOf": 1 }),
            422,
            Some("AsOf"),
        ),
        (&world.alice, "/order/get-orders", json!({ "Type": "Single", "Id": unknown }), 404, None),
    ];
    for (token, path, body, status, field) in cases {
        let asked = with_token(
            Asked::new("POST", path).json(body),
            Some(*token).filter(|token| !token.is_empty()),
        );
        let answer = shop.ask(&asked).await;
        misanswered(&answer, *status, *field).unwrap_or_else(|why| panic!("{path} {body}: {why}"));
    }
    for (path, status) in [
        ("/product/get-product-details", 422),
        ("/product/get-product-details?Code=TEA&AsOf=1", 401),
        ("/nowhere", 404),
        ("/product/nothing", 404),
        ("/product/../customer", 404),
    ] {
        let answer = shop.ask(&Asked::new("GET", path)).await;
        misanswered(&answer, status, None).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
    is_well(&shop, &world).await;
}

#[tokio::test]
async fn cursors_and_positions_that_were_made_up_break_nothing() {
    let shop = Shop::start().await;
    let world = World::make(&shop).await;
    let id = "0190c7f2-8b1e-7c3a-9f00-1234567890ab";
    let inside = [
        json!(u64::MAX),
        json!(i64::MAX),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(null),
        json!("x"),
        json!([]),
        json!({}),
        json!({ "Newest": [u64::MAX, id] }),
        json!({ "Price": [i64::MIN, id] }),
        json!(["x", id]),
        json!({ "by": i64::MIN, "user": "\u{0}" }),
    ];
    let mut cursors: Vec<String> =
        inside.iter().map(|value| URL_SAFE_NO_PAD.encode(value.to_string())).collect();
    cursors.extend(["", "====", "%21", "AAAA", &"A".repeat(2000)].map(str::to_owned));
    let lists = world.calls().into_iter().filter(|call| call.method == "GET");
    for call in lists {
        for cursor in &cursors {
            let query = format!("{}&After={cursor}", call.good_query());
            let answer = shop.ask(&call.asked(&query).token(&world.manager)).await;
            // Refused, or taken for a place beyond the end.
            assert!([200, 422].contains(&answer.status), "{} {query}: {answer:?}", call.name());
        }
    }
    for path in ["/order/order-events", "/events/follow"] {
        for (last, status) in [("x", 400), ("-1", 400), ("1.5", 400), (&*"1".repeat(200), 400)] {
            let asked = Asked::new("GET", path).token(&world.manager).header("last-event-id", last);
            let answer = shop.ask(&asked).await;
            misanswered(&answer, status, None).unwrap_or_else(|why| panic!("{path} {last}: {why}"));
        }
        let beyond = Asked::new("GET", path).token(&world.manager);
        let beyond = beyond.header("last-event-id", &u64::MAX.to_string());
        assert_eq!(shop.ask(&beyond).await.status, 200);
    }
    let beyond = Asked::new("GET", "/order/get-orders?Type=All").token(&world.manager);
    let answer = shop.ask(&beyond.header("agora-position", "999999")).await;
    assert_eq!(answer.status, 200, "a position that the log has not is not waited for: {answer:?}");
    is_well(&shop, &world).await;
}
