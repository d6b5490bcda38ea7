//! Which callers are authenticated, and which are refused.

use std::{sync::Arc, time::Duration};

use axum::http::Request;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use identity::{Claims, Holder, Role, Signer, TOKEN_LIFETIME, TokenError, Verifier};
use kernel::Timestamp;
use testkit::Answer;
use uuid::Uuid;

use super::shop::Shop;

async fn get_as(shop: &Shop, token: &str, path: &str) -> Answer {
    shop.send(Request::get(path).header("authorization", format!("Bearer {token}")), "").await
}

#[tokio::test]
async fn a_customer_reaches_what_is_theirs_and_a_manager_everything() {
    let shop = Shop::open();
    let (ann, boss) = (shop.token("ann", Role::Customer), shop.token("admin", Role::Manager));
    let mine = get_as(&shop, &ann, "/get-mine/ann").await.body;
    assert_eq!(mine, format!("customer:{}", Uuid::from_u128(3)));
    get_as(&shop, &ann, "/get-mine/berta").await.problem(403);
    get_as(&shop, &ann, "/get-everything").await.problem(403);
    assert_eq!(get_as(&shop, &boss, "/get-everything").await.body, "admin");
    assert_eq!(
        get_as(&shop, &boss, "/get-mine/ann").await.body,
        format!("manager:{}", Uuid::from_u128(5))
    );
}

#[tokio::test]
async fn without_a_good_token_nobody_gets_in() {
    let shop = Shop::open();
    let answer = shop.get("/get-mine/ann").await;
    answer.problem(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");

    let good = shop.token("ann", Role::Customer);
    let forged = Signer::from_secret([8; 32]);
    let forged =
        forged.issue(Holder::new(Uuid::nil(), "ann", Role::Manager), shop.clock_now(), &shop.ids).0;
    let (head, rest) = good.split_once('.').expect("three parts");
    let (payload, signature) = rest.split_once('.').expect("three parts");
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let none = part(r#"{"alg":"none","typ":"JWT"}"#);
    let hmac = part(r#"{"alg":"HS256","typ":"JWT"}"#);
    let manager = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    let manager = String::from_utf8(manager).expect("text").replace("customer", "manager");
    for bad in [
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        forged,
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        format!("{head}.{payload}"),
        format!("{head}.{payload}."),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{hmac}.{payload}.{signature}"),
        format!("{head}.{}.{signature}", part(&manager)),
        "x".repeat(5000),
    ] {
        let answer = get_as(&shop, &bad, "/get-mine/ann").await;
        answer.problem(401);
        let challenge = answer.header("www-authenticate").to_owned();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\", "), "{bad}: {challenge}");
    }
    for bad in ["Basic YTpi".to_owned(), good.clone(), format!("Bearer{good}")] {
        let request = Request::get("/get-mine/ann").header("authorization", &bad);
        shop.send(request, "").await.problem(401);
    }
    let twice = Request::get("/get-mine/ann")
        .header("authorization", format!("Bearer {good}"))
        .header("authorization", format!("Bearer {good}"));
    shop.send(twice, "").await.problem(401);
    assert_eq!(get_as(&shop, &good, "/get-mine/ann").await.status, 200);
}

#[tokio::test]
async fn a_token_holds_for_twelve_hours_by_our_own_clock() {
    let shop = Shop::open();
    let token = shop.token("ann", Role::Customer);
    assert_eq!(get_as(&shop, &token, "/get-mine/ann").await.status, 200);
    shop.clock.advance(TOKEN_LIFETIME.checked_sub(Duration::from_secs(1)).expect("is longer"));
    assert_eq!(get_as(&shop, &token, "/get-mine/ann").await.status, 200);
    shop.clock.advance(Duration::from_secs(1));
    let answer = get_as(&shop, &token, "/get-mine/ann").await;
    answer.problem(401);
    assert_eq!(answer.body["detail"], "The token has expired.", "remembered or not");
}

#[tokio::test]
async fn a_session_that_ended_is_refused() {
    let shop = Shop::open();
    let (token, claims) = shop.issue("ann", Role::Customer);
    let (other, _) = shop.issue("ann", Role::Customer);
    shop.auth.sessions().revoke_token(claims.token, claims.expires_at);
    get_as(&shop, &token, "/get-mine/ann").await.problem(401);
    assert_eq!(get_as(&shop, &other, "/get-mine/ann").await.status, 200);
}

#[tokio::test]
async fn all_sessions_of_a_customer_end_at_once_and_later_ones_hold() {
    let shop = Shop::open();
    let (before, claims) = shop.issue("ann", Role::Customer);
    let (stranger, _) = shop.issue("berta", Role::Customer);
    shop.auth.sessions().revoke_before(claims.customer, 2);
    let after = Holder { version: 2, ..Holder::new(claims.customer, "ann", Role::Customer) };
    let after = shop.signer.issue(after, shop.clock_now(), &shop.ids).0;
    get_as(&shop, &before, "/get-mine/ann").await.problem(401);
    assert_eq!(
        get_as(&shop, &after, "/get-mine/ann").await.status,
        200,
        "made in the same microsecond"
    );
    assert_eq!(get_as(&shop, &stranger, "/get-mine/berta").await.status, 200);
    shop.auth.sessions().revoke_before(claims.customer, 1);
    get_as(&shop, &before, "/get-mine/ann").await.problem(401);
}

#[test]
fn what_is_revoked_is_forgotten_when_its_token_has_expired_anyway() {
    let shop = Shop::open();
    let sessions = shop.auth.sessions();
    for at in 0..100_000_u64 {
        shop.clock.advance(Duration::from_mins(1));
        let now = shop.clock_now();
        sessions.revoke_token(Uuid::from_u128(at.into()), now + TOKEN_LIFETIME);
    }
    // 1,440 minutes until 12 hours after they expired, and at most as many again until the next look.
    assert!(sessions.len() <= 4 * 720 + 2, "{}", sessions.len());
    assert!(sessions.len() >= 2 * 720, "{}", sessions.len());
}

#[test]
fn a_verifier_needs_only_the_public_key_and_forgets_the_oldest_tokens() {
    let shop = Shop::open();
    let key = shop.signer.verifier().public_key();
    let verifier = Verifier::from_public_key(key).expect("a key");
    let now = shop.clock_now();
    let claims = |at: u128| Claims {
        customer: Uuid::from_u128(at),
        user: "ann".into(),
        role: Role::Customer,
        token: Uuid::from_u128(at),
        version: 7,
        issued_at: Timestamp::from_micros(1_700_000_000_654_321),
        expires_at: Timestamp::from_micros(1_700_043_200_000_000),
    };
    let first = shop.signer.sign(&claims(0));
    let remembered = verifier.verify(&first, now).expect("holds");
    assert_eq!(*remembered, claims(0));
    assert!(Arc::ptr_eq(&remembered, &verifier.verify(&first, now).expect("holds")));
    for at in 1..=8_200 {
        verifier.verify(&shop.signer.sign(&claims(at)), now).expect("holds");
    }
    assert_eq!(Arc::strong_count(&remembered), 1, "no other reference remains");
    assert_eq!(*verifier.verify(&first, now).expect("holds"), claims(0));
    assert_eq!(verifier.verify("a.b.c", now), Err(TokenError::Invalid));
}
