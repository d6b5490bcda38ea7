//! Invalid tokens, and valid tokens without the required rights.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use customer::Secrets;
use identity::{Claims, Role, Signer, TOKEN_LIFETIME};
use kernel::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{
    calls::{Access, Call, World},
    document, documented, is_well, misanswered,
    shop::{PASSWORD, SECRET, Shop},
};

/// A token of a manager, made by `signer`, that expires so many seconds from now.
#[expect(clippy::disallowed_methods, reason = "a real process goes by the real time")]
fn forged(signer: &Signer, customer: Uuid, expires_in: i64) -> String {
    let now = jiff::Timestamp::now().as_microsecond();
    let expires = now + expires_in * 1_000_000;
    let lifetime = i64::try_from(TOKEN_LIFETIME.as_micros()).expect("half a day is short");
    signer.sign(&Claims {
        version: 1,
        customer,
        user: "admin".into(),
        role: Role::Manager,
        token: Uuid::from_u128(7),
        issued_at: Timestamp::from_micros(expires - lifetime),
        expires_at: Timestamp::from_micros(expires),
    })
}

/// The token with one bit of its signature flipped.
fn flipped(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a token has three parts");
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("a signature is base64");
    *bytes.first_mut().expect("it has bytes") ^= 1;
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The token with another header, and the signature that is left then.
fn with_header(token: &str, header: &str, signature: &str) -> String {
    let payload = token.split('.').nth(1).expect("a token has three parts");
    format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header))
}

/// A customer's token whose payload says manager now.
fn promoted(token: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let payload = URL_SAFE_NO_PAD.decode(parts[1]).expect("a payload is base64");
    let payload = String::from_utf8(payload).expect("a payload is JSON");
    assert!(payload.contains("\"customer\""));
    let payload = URL_SAFE_NO_PAD.encode(payload.replace("\"customer\"", "\"manager\""));
    format!("{}.{payload}.{}", parts[0], parts[2])
}

/// What is no token that holds: its `Authorization`, and why not.
async fn refused_tokens(shop: &Shop, world: &World) -> Vec<(&'static str, String)> {
    let secrets = Secrets::derive(&SECRET);
    let admin = secrets.customer_id("admin");
    let good = forged(secrets.signer(), admin, 3600);
    shop.get(&good, "/events/head").await; // it is the expiry alone that makes the next one bad
    let logged_out = shop.log_in("bob", "password-of-bob").await;
    shop.post(&logged_out, "/customer/logout-user", &json!({})).await;
    let changed_password = shop.log_in("bob", "password-of-bob").await;
    let change = json!({ "UserName": "bob", "Password": "password-two", "CurrentPassword": "password-of-bob" });
    shop.post(&changed_password, "/customer/update-user", &change).await;
    let strangers = Secrets::derive(&[8; 32]);
    let signature = good.rsplit('.').next().expect("three parts");
    let tokens = [
        ("expired", forged(secrets.signer(), admin, -1)),
        ("long expired", forged(secrets.signer(), admin, -1_000_000)),
        ("another shop's", forged(strangers.signer(), admin, 3600)),
        ("a flipped bit", flipped(&good)),
        ("alg none", with_header(&good, r#"{"alg":"none","typ":"JWT"}"#, "")),
        ("alg none, signed", with_header(&good, r#"{"alg":"none","typ":"JWT"}"#, signature)),
        ("alg HS256", with_header(&good, r#"{"alg":"HS256","typ":"JWT"}"#, signature)),
        ("a promoted customer's", promoted(&world.alice)),
        ("logged out", logged_out),
        ("ended by a new password", world.bob.clone()),
        ("that set a new password", changed_password),
        ("no JWT", "abc".to_owned()),
        ("two dots", "..".to_owned()),
        ("empty", String::new()),
        ("long", "x".repeat(5000)),
    ];
    let mut headers: Vec<_> =
        tokens.into_iter().map(|(why, token)| (why, format!("Bearer {token}"))).collect();
    headers.push(("another scheme", "Basic YWRtaW46YWRtaW4=".to_owned()));
    headers.push(("no scheme", good));
    headers
}

#[tokio::test]
async fn a_token_that_does_not_hold_opens_nothing_also_after_a_restart() {
    let mut shop = Shop::start().await;
    let world = World::make(&shop).await;
    let refused = refused_tokens(&shop, &world).await;
    let secured: Vec<_> =
        world.calls().into_iter().filter(|call| call.access != Access::Public).collect();
    for restarted in [false, true] {
        // A shop with goods of its own has no sample any more after a start.
        let there = |call: &&Call| !restarted || !call.path.starts_with("/demo/");
        for call in secured.iter().filter(there) {
            let none = shop.ask(&call.good()).await;
            misanswered(&none, 401, None).unwrap_or_else(|why| panic!("{}: {why}", call.name()));
            for (kind, header) in &refused {
                let answer = shop.ask(&call.good().header("authorization", header)).await;
                misanswered(&answer, 401, None).unwrap_or_else(|why| {
                    panic!("{}, {kind}, restarted: {restarted}: {why}", call.name())
                });
                let challenge =
                    answer.headers.get("www-authenticate").map(axum::http::HeaderValue::as_bytes);
                assert!(challenge.is_some_and(|value| value.starts_with(b"Bearer")), "{kind}");
            }
        }
        if !restarted {
            shop.restart().await;
        }
    }
    shop.log_in("bob", "password-two").await;
    is_well(&shop, &world).await;
}

#[tokio::test]
async fn a_customer_reaches_neither_the_managers_calls_nor_what_is_anothers() {
    let shop = Shop::start().await;
    let world = World::make(&shop).await;
    let calls = world.calls();
    assert_eq!(calls.len(), documented(&document(&shop).await).len());
    let of_session = "/customer/logout-user"; // it names no user: it is always the caller
    for call in calls.iter().filter(|call| call.access != Access::Public && call.path != of_session)
    {
        // All good requests are about Alice and her order: Bob is never entitled.
        let answer = shop.ask(&call.good().token(&world.bob)).await;
        misanswered(&answer, 403, None).unwrap_or_else(|why| panic!("{}: {why}", call.name()));
    }
    for path in [
        "/order/get-orders?Type=All",
        "/order/order-events",
        "/accounting/get-invoices",
        "/product/get-product-details?Code=TEA&AsOf=1",
        "/customer/get-user/alice?AsOf=1",
    ] {
        let asked = super::Asked::new("GET", path).token(&world.alice);
        let answer = shop.ask(&asked).await;
        misanswered(&answer, 403, None).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
    // Whether another user exists is not revealed either.
    for path in ["/customer/get-user/nobody", "/customer/get-credit?UserName=nobody"] {
        let answer = shop.ask(&super::Asked::new("GET", path).token(&world.bob)).await;
        misanswered(&answer, 403, None).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
    is_well(&shop, &world).await;
}

#[tokio::test]
async fn a_managers_new_password_ends_the_managers_sessions_too() {
    let mut shop = Shop::start().await;
    let before = shop.log_in("admin", PASSWORD).await;
    let change =
        json!({ "UserName": "admin", "Password": "another-password", "CurrentPassword": PASSWORD });
    shop.post(&before, "/customer/update-user", &change).await;
    let asked = super::Asked::new("GET", "/events/head").token(&before);
    misanswered(&shop.ask(&asked).await, 401, None).expect("the session has ended");
    shop.restart().await;
    misanswered(&shop.ask(&asked).await, 401, None).expect("and stays so");
}
