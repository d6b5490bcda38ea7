//! The status of the whole shop.

use std::time::Duration;

use axum::{Router, extract::Request};
use hyper::StatusCode;
use identity::Role;
use serde_json::json;
use store::{Address, Kept, Lag};

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
async fn what_works_and_is_not_as_it_should_be_is_degraded_or_slow() {
    let shop = Shop::open();
    let outage = async |said: store::Announcement| {
        shop.gateway.learn(said.into());
        let manager = shop.token("admin", Role::Manager);
        let request = Request::get("/system/get-status").header("authorization", manager);
        shop.send(request, "").await.body["Services"][0]["Outage"].clone()
    };
    shop.local("product", named("product"));
    let well = announcement("product", "1", Address::Local);
    let now = shop.now();

    let fine = store::Announcement { clock: Some(now + Duration::from_secs(29)), ..well.clone() };
    assert_eq!(outage(fine).await, json!(null), "an announcement may have been on its way");
    for (clock, said) in [
        (now - Duration::from_hours(24), "Its clock is 24 hours behind the gateway's."),
        (now + Duration::from_mins(3), "Its clock is 3 minutes ahead of the gateway's."),
    ] {
        let wrong = outage(store::Announcement { clock: Some(clock), ..well.clone() }).await;
        let reason = wrong["Reason"].as_str().expect("a reason");
        assert!(wrong["State"] == "Degraded" && reason.starts_with(said), "{wrong}");
    }

    let warnings = vec!["Its database lacks an index.".to_owned()];
    let warned = outage(store::Announcement { warnings, ..well.clone() }).await;
    assert_eq!(
        (&warned["State"], &warned["Reason"]),
        (&json!("Degraded"), &json!("Its database lacks an index."))
    );

    for (still, said) in
        [(0.0, "model is 9 events, 8 s, behind the log."), (8.0, "model has stalled")]
    {
        let lag = [("model".to_owned(), Lag { events: 9, seconds: 8.0, still })].into();
        let slow = outage(store::Announcement { lag, ..well.clone() }).await;
        let reason = slow["Reason"].as_str().expect("a reason");
        assert!(slow["State"] == "Slow" && reason.starts_with(said), "{slow}");
    }
    let slow = Some("Recording takes 200 ms.".to_owned());
    let slow = outage(store::Announcement { slow, ..well.clone() }).await;
    assert_eq!(
        (&slow["State"], &slow["Reason"]),
        (&json!("Slow"), &json!("Recording takes 200 ms."))
    );
    assert_eq!(outage(well).await, json!(null));
}

#[tokio::test]
async fn a_program_that_goes_on_with_an_expired_token_is_named() {
    let shop = Shop::open();
    let expired = async |_: Request| {
        let challenge =
            "Bearer error=\"invalid_token\", error_description=\"The token has expired.\"";
        (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)])
    };
    shop.local("product", Router::new().fallback(expired));
    let outage = async || {
        let manager = shop.token("admin", Role::Manager);
        let request = Request::get("/system/get-status").header("authorization", manager);
        shop.send(request, "").await.body["Outage"].clone()
    };
    let call = async |agent: &str| {
        shop.send(Request::get("/product/get-products").header("user-agent", agent), "")
            .await
            .status
    };
    for _ in 0..4 {
        assert_eq!(call("till/1.0").await, 401);
        assert_eq!(call("a browser").await, 401);
    }
    assert_eq!(outage().await, json!(null), "people come back to pages that they left open");
    call("till/1.0").await;
    let told = outage().await;
    let reason = told["Reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("till/1.0 at ") && reason.contains("/product/get-products"),
        "{reason}"
    );
    shop.advance(Duration::from_secs(10));
    assert_eq!(outage().await, json!(null));
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
