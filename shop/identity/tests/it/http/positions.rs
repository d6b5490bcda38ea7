//! Reading your writes, and writing once what is sent twice.

use std::time::Duration;

use axum::http::Request;
use identity::Role;
use kernel::Position;
use testkit::Answer;

use super::shop::Shop;

async fn get_at(shop: &Shop, position: &str) -> Answer {
    shop.send(Request::get("/get-items").header("agora-position", position), "").await
}

#[tokio::test]
async fn answers_say_how_far_they_are() {
    let shop = Shop::open();
    assert_eq!(shop.get("/get-items").await.header("agora-position"), "5");
    assert_eq!(get_at(&shop, "5").await.status, 200);
    assert_eq!(
        shop.get("/").await.header("agora-position"),
        "",
        "the list of calls rests on no event"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_until_the_model_has_passed_its_position() {
    let shop = Shop::open();
    let model = shop.model.clone();
    let later = async {
        tokio::time::sleep(Duration::from_millis(1900)).await;
        model.set(Position(9));
    };
    let (answer, ()) = tokio::join!(get_at(&shop, "9"), later);
    assert_eq!((answer.status.as_u16(), answer.header("agora-position")), (200, "9"));
    assert_eq!(shop.get("/get-items").await.header("agora-position"), "9");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_refused_when_the_model_stays_behind() {
    let shop = Shop::open();
    let started = tokio::time::Instant::now();
    let answer = get_at(&shop, "8").await;
    assert_eq!(started.elapsed().as_millis() / 10, 200, "2 s and no longer");
    answer.problem(503);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.body["detail"], "Not yet at position 8: at 5, 3 events behind.");
    let post = Request::post("/get-items").header("agora-position", "6");
    shop.send(post, "").await.problem(503);
    let health = Request::get("/health/live").header("agora-position", "8");
    assert_eq!(shop.send(health, "").await.status, 200, "health does not wait");
}

#[tokio::test]
async fn a_malformed_position_is_refused() {
    let shop = Shop::open();
    for bad in ["", "-1", "+1", "1.0", "x", "99999999999999999999999"] {
        get_at(&shop, bad).await.problem(400);
    }
    let twice =
        Request::get("/get-items").header("agora-position", "1").header("agora-position", "2");
    shop.send(twice, "").await.problem(400);
}

async fn add(shop: &Shop, user: &str, key: &[u8], body: &str) -> Answer {
    let request = Request::post("/add-item")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", shop.token(user, Role::Customer)))
        .header("idempotency-key", key);
    shop.send(request, body.to_owned()).await
}

#[tokio::test]
async fn the_same_request_with_the_same_key_creates_the_same_thing() {
    let (one, other) = (Shop::open(), Shop::open());
    let body = r#"{"Name":"a","Price":1}"#;
    let created = add(&one, "ann", b"k1", body).await;
    assert_eq!((created.status.as_u16(), created.header("agora-position")), (201, "6"));
    let id = created.body["Id"].clone();
    assert_eq!(add(&one, "ann", b"k1", body).await.body["Id"], id, "sent again");
    assert_eq!(add(&other, "ann", b"k1", body).await.body["Id"], id, "through another instance");
    assert_ne!(add(&one, "ann", b"k2", body).await.body["Id"], id, "another key");
    assert_ne!(add(&one, "berta", b"k1", body).await.body["Id"], id, "another user");
    assert_eq!(id.as_str().map(|id| &id[14..15]), Some("8"), "a UUIDv8");
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_not_too_long() {
    let shop = Shop::open();
    let body = r#"{"Name":"a","Price":1}"#;
    for bad in [&b""[..], b"two words", b"\xc3\xbc", "k".repeat(129).as_bytes()] {
        add(&shop, "ann", bad, body).await.problem(400);
    }
    assert_eq!(add(&shop, "ann", "k".repeat(128).as_bytes(), body).await.status, 201);
}

#[tokio::test]
async fn the_digest_of_a_request_tells_bodies_apart() {
    let shop = Shop::open();
    let known = async |user: u128, call: &str, body: &str| -> kernel::Idempotency {
        let request = Request::post(format!("/get-digest/{}/{call}", uuid::Uuid::from_u128(user)))
            .header("content-type", "application/json")
            .header("idempotency-key", "k");
        serde_json::from_value(shop.send(request, body.to_owned()).await.body).expect("is known")
    };
    let one = known(1, "add", r#"{"A":1}"#).await;
    assert_eq!(known(1, "add", r#"{"A":1}"#).await, one);
    let other = known(1, "add", r#"{"A":2}"#).await;
    assert_eq!(other.key, one.key);
    assert_ne!(other.request, one.request);
    assert_ne!(known(1, "ad", r#"{"A":1}"#).await.key, one.key);
    assert!(!one.creates);
    // The same JSON, laid out in another way; white space within texts and names is part of them.
    assert_eq!(known(1, "add", "{ \"A\" :\t1 }\r\n").await, one);
    let text = known(1, "add", r#"{"A":"a \" b"}"#).await;
    assert_eq!(known(1, "add", r#"{ "A": "a \" b" }"#).await, text);
    assert_ne!(known(1, "add", r#"{"A":"a\" b"}"#).await.request, text.request);
    // Members have no order.
    let two = known(1, "add", r#"{"A":1,"B":2}"#).await;
    assert_eq!(known(1, "add", r#"{ "B":2, "A":1 }"#).await, two);
    assert_ne!(known(1, "add", r#"{"A":2,"B":1}"#).await.request, two.request);
    assert_ne!(known(1, "add", r#"{"A ":1}"#).await.request, one.request);
}
