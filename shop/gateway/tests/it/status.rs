//! The status of the whole shop.

use std::time::Duration;

use axum::extract::Request;
use identity::Role;
use serde_json::json;
use store::{Address, Kept};

use crate::shop::{Shop, announcement, named};

#[tokio::test]
async fn the_whole_is_ready_when_all_that_are_expected_are() {
    let shop = Shop::open();
    assert_eq!(shop.get("/health/live").await.status, 200);
    let waiting = shop.get("/health/ready").await;
    waiting.problem(503);
    assert_eq!(waiting.body["detail"], "Waiting for product. /NAME/health/ready says why.");
    shop.local("product", named("product"));
    assert_eq!(shop.get("/health/ready").await.body["Ready"], true);
    let mut said = announcement("product", "1", Address::Local);
    said.ready = false;
    shop.gateway.learn(said.into());
    let waiting = shop.get("/health/ready").await;
    assert_eq!(waiting.body["detail"], "Waiting for product. /NAME/health/ready says why.");
}

#[tokio::test]
async fn a_guest_that_is_not_ready_or_gone_is_shown_and_not_waited_for() {
    let shop = Shop::open();
    shop.local("product", named("product"));
    let mut guest = announcement("loyalty", "1", Address::Local);
    guest.ready = false;
    shop.gateway.learn(guest.into());
    assert_eq!(shop.get("/health/ready").await.body["Ready"], true);
    let services = shop.get("/").await.body["Services"].clone();
    assert_eq!((&services[0]["Name"], &services[0]["Ready"]), (&"loyalty".into(), &false.into()));
    shop.advance(Duration::from_secs(4));
    shop.announce("product", "1", Address::Local);
    shop.advance(Duration::from_secs(4));
    assert_eq!(shop.get("/health/ready").await.status, 200, "gone altogether");
}

#[tokio::test]
async fn only_managers_see_the_status() {
    let shop = Shop::open();
    shop.local("product", named("product"));
    let status = |token: String| {
        shop.send(Request::get("/system/get-status").header("authorization", token), "")
    };
    shop.get("/system/get-status").await.problem(401);
    status(shop.token("ann", Role::Customer)).await.problem(403);
    let seen = status(shop.token("admin", Role::Manager)).await.body;
    assert_eq!(seen["Ready"], true);
    let product = &seen["Services"][0];
    assert_eq!((&product["Name"], &product["Ready"]), (&"product".into(), &true.into()));
    let instance = &product["Instances"][0];
    assert_eq!(instance["Lag"]["model"]["Events"], 3);
    assert_eq!(instance["Throughput"], 12.5);
    assert_eq!(instance["Balances"][0]["Holds"], true);
    assert_eq!(instance["LastHeard"], "2023-11-14T22:13:20.000000Z");

    shop.advance(Duration::from_secs(5));
    let seen = status(shop.token("admin", Role::Manager)).await.body;
    assert_eq!(seen["Services"][0]["Instances"][0]["Here"], false);
    assert_eq!(seen["Ready"], false);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_since_when_and_what_it_means() {
    let shop = Shop::open();
    let ask = async |call: &str| {
        let manager = shop.token("admin", Role::Manager);
        let request = Request::get(format!("/system/{call}")).header("authorization", manager);
        shop.send(request, "").await.body
    };
    shop.local("product", named("product"));
    let fine = ask("get-status").await;
    assert_eq!(fine["Services"][0]["Outage"], json!(null));
    assert_eq!(
        (&fine["Bus"]["Engine"], &fine["Bus"]["Connected"]),
        (&json!("this process"), &json!(true))
    );
    assert_eq!(ask("get-timeline").await["Items"], json!([]));

    let mut said = announcement("product", "1", Address::Local);
    said.set_aside = 2;
    shop.gateway.learn(said.clone().into());
    let degraded = ask("get-status").await["Services"][0]["Outage"].clone();
    assert_eq!(
        (&degraded["State"], &degraded["Reason"]),
        (&json!("Degraded"), &json!("Events in its inbox: 2."))
    );

    said.ready = false;
    said.trouble = Some("model fails: the database does not answer.".to_owned());
    said.model = Some(Kept { engine: "Redis".to_owned(), trouble: said.trouble.clone() });
    shop.gateway.learn(said.into());
    let product = ask("get-status").await["Services"][0].clone();
    assert_eq!(product["Outage"]["State"], "NotReady");
    assert_eq!(product["Outage"]["Reason"], "model fails: the database does not answer.");
    assert_eq!(product["Instances"][0]["Model"]["Engine"], "Redis");

    shop.advance(Duration::from_secs(7));
    let product = ask("get-status").await["Services"][0].clone();
    assert_eq!(
        (&product["Outage"]["State"], &product["Without"]),
        (&json!("Away"), &json!("No goods."))
    );
    assert_eq!(product["Outage"]["Since"], "2023-11-14T22:13:20.000000Z", "when it was last heard");

    shop.advance(Duration::from_mins(1));
    shop.announce("product", "2", Address::Local);
    assert_eq!(ask("get-status").await["Services"][0]["Outage"], json!(null));
    let timeline = ask("get-timeline").await["Items"].clone();
    assert_eq!(timeline.as_array().map(Vec::len), Some(3), "{timeline}");
    assert_eq!(timeline[0]["Until"], "2023-11-14T22:14:27.000000Z");
    shop.get("/system/get-timeline").await.problem(401);
}

#[tokio::test]
async fn what_leaves_a_shop_that_stops_is_no_outage() {
    let outage = async |shop: &Shop| {
        let manager = shop.token("admin", Role::Manager);
        let request = Request::get("/system/get-status").header("authorization", manager);
        shop.send(request, "").await.body["Services"][0]["Outage"].clone()
    };
    let mut leaving = announcement("product", "1", Address::Local);
    leaving.ready = false;

    let shop = Shop::open();
    shop.local("product", named("product"));
    assert_eq!(outage(&shop).await, json!(null));
    shop.gateway.learn(leaving.clone().into());
    assert_eq!(outage(&shop).await["Reason"], "It has stopped.");

    let stopping = Shop::open();
    stopping.local("product", named("product"));
    stopping.http.shutdown.cancel();
    stopping.gateway.learn(leaving.into());
    assert_eq!(outage(&stopping).await, json!(null));
}

#[tokio::test]
async fn the_root_says_what_is_here() {
    let shop = Shop::open();
    shop.local("product", named("product"));
    let root = shop.get("/").await.body;
    assert_eq!(root["Services"][0]["Name"], "product");
    assert_eq!(root["Services"][0]["Routes"][0], "/product");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_strict() {
    let shop = Shop::open();
    shop.local("product", named("product"));
    for path in
        ["/", "/product/x", "/nowhere", "/health/ready", "/docs/index.html", "/openapi.json"]
    {
        let answer = shop.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}
