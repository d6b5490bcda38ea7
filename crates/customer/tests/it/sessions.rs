//! Logging in and out: who gets a token, for how long, and how often one may fail.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::harness::{Shop, password, registration};

#[tokio::test(start_paused = true)]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let mut wrong_name = shop.try_log_in("eve", "a password").await;
    let mut wrong_password = shop.try_log_in("ada", "a password").await;
    let strange_name = shop.try_log_in("Nobody At All", "x").await;
    for answer in [&mut wrong_name, &mut wrong_password] {
        assert!(answer.body["RequestId"].take().is_string());
    }
    assert_eq!(wrong_name.status, 401);
    assert_eq!(wrong_name.status, wrong_password.status);
    assert_eq!(wrong_name.body, wrong_password.body);
    assert_eq!(strange_name.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_holds_for_twelve_hours() {
    let shop = Shop::open().await;
    let answer = shop.post("/add-user", None, registration("ada")).await;
    assert_eq!(answer.status, 201);
    let session = shop.try_log_in("ada", &password("ada")).await.body;
    let token = session["Token"].as_str().expect("a token");
    assert_eq!((&session["UserName"], &session["Role"]), (&json!("ada"), &json!("customer")));
    tokio::time::sleep(Duration::from_secs(12 * 3600 - 2)).await;
    assert_eq!(shop.get("/get-user/ada", Some(token)).await.status, 200);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(shop.get("/get-user/ada", Some(token)).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn who_logs_out_ends_that_session_only() {
    let shop = Shop::open().await;
    let first = shop.customer("ada").await;
    let second = shop.log_in("ada", &password("ada")).await;
    let out = shop.send(Method::POST, "/logout-user", (Some(&first), &[]), None).await;
    assert_eq!((out.status.as_u16(), &out.body), (200, &json!({ "UserName": "ada" })));
    assert_eq!(shop.get("/get-user/ada", Some(&first)).await.status, 401);
    assert_eq!(shop.get("/get-user/ada", Some(&second)).await.status, 200);
    assert_eq!(shop.kinds("ada").await, ["customer.registered", "customer.logged-out"]);
    let ended = shop
        .events()
        .await
        .iter()
        .filter_map(|event| contracts::customer::session_end(event))
        .count();
    assert_eq!(ended, 1, "every process hears of it");
    assert_eq!(shop.send(Method::POST, "/logout-user", (None, &[]), None).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn after_ten_failures_a_name_has_to_wait_even_for_the_right_password() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    shop.customer("bob").await;
    for _ in 0..10 {
        assert_eq!(shop.try_log_in("ada", "wrong").await.status, 401);
    }
    let refused = shop.try_log_in("ada", &password("ada")).await;
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
    shop.log_in("bob", &password("bob")).await;
    tokio::time::sleep(Duration::from_mins(15)).await;
    shop.log_in("ada", &password("ada")).await;
    for _ in 0..3 {
        for _ in 0..9 {
            assert_eq!(shop.try_log_in("ada", "wrong").await.status, 401);
        }
        shop.log_in("ada", &password("ada")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_fifty_failures_an_address_has_to_wait() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    let from = async |address: &str, name: &str, password: &str| {
        let forwarded = format!("for={address}");
        let headers = [("forwarded", &*forwarded)];
        let body = json!({ "UserName": name, "Password": password }).to_string();
        shop.send(Method::POST, "/login-user", (None, &headers), Some(body)).await.status.as_u16()
    };
    for attempt in 0..50 {
        assert_eq!(from("192.0.2.1", &format!("name-{attempt}"), "wrong").await, 401);
    }
    assert_eq!(from("192.0.2.1", "ada", &password("ada")).await, 429);
    assert_eq!(from("192.0.2.2", "ada", &password("ada")).await, 200);
}

#[tokio::test]
async fn many_tries_at_once_are_no_way_around_the_limit() {
    let shop = Shop::open_with_threads().await;
    shop.customer("ada").await;
    let tries = (0..40).map(|_| shop.try_log_in("ada", "wrong"));
    let answers = futures_util::future::join_all(tries).await;
    let judged = answers.iter().filter(|answer| answer.status == 401).count();
    assert!((10..=11).contains(&judged), "{judged} passwords were tried");
}

#[tokio::test(start_paused = true)]
async fn without_the_event_store_logging_in_and_reading_go_on_and_changes_are_refused() {
    let shop = Shop::open().await;
    shop.customer("ada").await;
    // Whoever serves next gets all requests; this one never answers.
    let transport = &shop.deps.transport;
    let _silent = (transport.serve_appends().await, transport.serve_reads().await);
    let ada = shop.log_in("ada", &password("ada")).await;
    assert_eq!(shop.get("/get-user/ada", Some(&ada)).await.status, 200);
    let asked_at = tokio::time::Instant::now();
    let change = json!({ "UserName": "ada", "Email": "ada@example.org" });
    let refused = shop.post("/update-user", Some(&ada), change).await;
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(asked_at.elapsed() <= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_password_is_one_however_a_keyboard_writes_its_accents() {
    let shop = Shop::open().await;
    let (composed, decomposed) = ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me");
    for (name, registered, typed) in [("ada", composed, decomposed), ("bob", decomposed, composed)]
    {
        let mut registration = registration(name);
        registration["Password"] = json!(registered);
        assert_eq!(shop.post("/add-user", None, registration).await.status, 201);
        for password in [registered, typed] {
            assert_eq!(shop.try_log_in(name, password).await.status, 200, "{name}: {password:?}");
        }
    }
}
