//! Sessions: what a visitor's cookie is worth, and what goes on to the gateway.

use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::StatusCode;
use serde_json::json;

use crate::{
    gateway::{Gateway, PRODUCT, REVIEW},
    visitor::{Visitor, at, storefront},
};

fn sent(request: &crate::gateway::Asked, name: &str) -> String {
    let values = request.headers.get_all(name).iter();
    values.map(|value| value.to_str().expect("text")).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn calls_carry_the_token_the_request_id_and_the_visitors_address() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let peer: std::net::SocketAddr = "203.0.113.9:4711".parse().expect("an address");
    let request = Request::get(format!("/products/{PRODUCT}"))
        .header("x-request-id", "mine")
        .header("forwarded", "for=1.2.3.4");
    let mut request = request.body(Body::empty()).expect("a request");
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = ada.send(request).await;
    assert_eq!(answer.headers["x-request-id"], "mine");
    let asked = gateway.asked("/product/get-product-details").pop().expect("a call");
    assert_eq!(sent(&asked, "authorization"), "Bearer a.token");
    assert_eq!(sent(&asked, "x-request-id"), "mine");
    // A client that is not a trusted proxy cannot name other clients.
    assert_eq!(sent(&asked, "forwarded"), "for=203.0.113.9;proto=http");
}

#[tokio::test]
async fn a_trusted_proxys_word_on_the_address_goes_on() {
    let gateway = Gateway::default();
    let proxy: std::net::SocketAddr = "127.0.0.1:4711".parse().expect("an address");
    let request = Request::get("/").header("x-forwarded-for", "9.9.9.9, 1.2.3.4");
    let request = request.extension(ConnectInfo(proxy)).body(Body::empty());
    Visitor::new(storefront(&gateway)).send(request.expect("a request")).await;
    let asked = gateway.asked("/product/get-categories").pop().expect("a call");
    assert_eq!(sent(&asked, "forwarded"), "for=1.2.3.4, for=127.0.0.1;proto=http");
}

#[tokio::test]
async fn what_was_recorded_for_a_visitor_is_seen_on_every_page_after() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let form = ada.get(REVIEW).await.form("/orders");
    assert_eq!(ada.post("/orders", &form).await.status, StatusCode::SEE_OTHER);
    // The position is in the cookie: another instance with the same secret knows it too.
    let mut ada = ada.moved_to(storefront(&gateway));
    ada.get("/").await;
    let asked = gateway.asked("/product/get-categories").pop().expect("a call");
    assert_eq!(sent(&asked, "agora-position"), "42");
}

#[tokio::test]
async fn an_order_carries_the_price_seen_and_the_forms_own_key() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let first = ada.get(REVIEW).await.form("/orders");
    let second = ada.get(REVIEW).await.form("/orders");
    for form in [&first, &first, &second] {
        ada.post("/orders", form).await;
    }
    let placed = gateway.asked("/order/place-order");
    let keys: Vec<String> = placed.iter().map(|asked| sent(asked, "idempotency-key")).collect();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
    assert_eq!(placed[0].body, json!({ "ProductId": PRODUCT, "Quantity": 1, "Price": "19.99" }));
    assert_eq!(sent(&placed[0], "agora-channel"), "site");
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_a_changed_cookie_is_none() {
    let gateway = Gateway::default();
    let ada = Visitor::logged_in(at(&gateway, "2026-11-23T12:00:00Z")).await;
    let genuine = ada.cookie().to_owned();
    let mut later = ada.moved_to(at(&gateway, "3000-01-01T00:00:00Z"));
    assert_eq!(later.get("/orders").await.location(), "/login?next=%2Forders");
    let mut forger = Visitor::new(storefront(&gateway));
    let middle = genuine.len() / 2;
    let letter = if genuine.as_bytes()[middle] == b'x' { "y" } else { "x" };
    forger.set_cookie(&format!("{}{letter}{}", &genuine[..middle], &genuine[middle + 1..]));
    assert_eq!(forger.get("/orders").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_that_the_shop_ended_ends_here_too() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    gateway.fail(401, json!({ "title": "A valid token is needed" }));
    let answer = ada.get("/orders").await;
    assert_eq!(answer.location(), "/login?next=%2Forders");
    gateway.mend();
    ada.get("/login").await.says("Your session has ended.");
}

#[tokio::test]
async fn a_form_is_good_for_one_session_only() {
    let gateway = Gateway::default();
    let site = storefront(&gateway);
    let mut ada = Visitor::logged_in(site.clone()).await;
    let mut eve = Visitor::logged_in(site).await;
    let form = eve.get(REVIEW).await.form("/orders");
    let answer = ada.post("/orders", &form).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.says("This form has expired");
    assert!(gateway.asked("/order/place-order").is_empty());
    // What was typed can be sent again, by a press of one's own.
    let again = answer.form("/orders");
    assert!(again.contains(&("ProductId".to_owned(), PRODUCT.to_owned())), "{again:?}");
    assert_eq!(ada.post("/orders", &again).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_typed_while_logged_out_is_kept_through_the_log_in() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let mut form = ada.get("/profile").await.form("/profile");
    for (_, value) in form.iter_mut().filter(|(name, _)| name == "FullName") {
        "Ada \"King\" & Söhne".clone_into(value);
    }
    gateway.fail(401, json!({ "title": "A valid token is needed" }));
    let login = ada.post("/profile", &form).await;
    assert_eq!(login.status, StatusCode::UNAUTHORIZED);
    login.says("What you typed is kept");
    // A wrong password loses nothing either.
    let wrong = ada.post("/login", &filled(&login, "wrong horse")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    gateway.mend();
    let kept = ada.post("/login", &filled(&wrong, "secret horse")).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.html);
    kept.says("<dt>Full name</dt><dd>Ada &#34;King&#34; &#38; Söhne</dd>");
    assert_eq!(gateway.asked("/customer/update-user").len(), 1, "nothing is sent by itself");
    let sent = ada.post("/profile", &unescaped(&kept.form("/profile"))).await;
    assert_eq!(sent.location(), "/profile");
    let saved = gateway.asked("/customer/update-user").pop().expect("a call");
    assert_eq!(saved.body["FullName"], "Ada \"King\" & Söhne");
}

#[tokio::test]
async fn an_order_sent_after_its_session_is_over_is_kept_too() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let form = ada.get(REVIEW).await.form("/orders");
    // The token is over, and with it the session that the form was of.
    let mut later = ada.moved_to(at(&gateway, "3000-01-01T00:00:00Z"));
    let login = later.post("/orders", &form).await;
    assert_eq!(login.status, StatusCode::UNAUTHORIZED);
    assert!(gateway.asked("/order/place-order").is_empty());
    let mut ada = later.moved_to(storefront(&gateway));
    let kept = ada.post("/login", &filled(&login, "secret horse")).await;
    let sent = ada.post("/orders", &kept.form("/orders")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let placed = gateway.asked("/order/place-order").pop().expect("a call");
    let key = form.iter().find(|(name, _)| name == "Key").expect("a key");
    assert_eq!(sent_key(&placed), key.1, "it is the same order, however often it is sent");
}

#[tokio::test]
async fn an_order_that_a_busy_shop_refused_is_kept_and_sent_again_it_is_the_same_one() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let form = ada.get(REVIEW).await.form("/orders");
    gateway.refuse_orders(1);
    let refused = ada.post("/orders", &form).await;
    refused.says("The shop is busy right now and did nothing. Nothing you typed is lost");
    let sent = ada.post("/orders", &unescaped(&refused.form("/orders"))).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let asked = gateway.asked("/order/place-order");
    let keys: Vec<_> = asked.iter().map(sent_key).collect();
    assert_eq!((keys.len(), keys[0] == keys[1]), (2, true), "{keys:?}");
}

#[tokio::test]
async fn a_password_typed_while_logged_out_is_not_kept() {
    let gateway = Gateway::default();
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let mut form = ada.get("/profile").await.form("/profile/password");
    form.retain(|(name, _)| name == "_csrf");
    let passwords =
        [("CurrentPassword", "secret horse"), ("Password", "x y z 1"), ("Again", "x y z 1")];
    form.extend(passwords.map(|(name, value)| (name.to_owned(), value.to_owned())));
    gateway.fail(401, json!({ "title": "A valid token is needed" }));
    let answer = ada.post("/profile/password", &form).await;
    assert_eq!(answer.location(), "/login");
    assert!(!answer.html.contains("x y z 1"), "{}", answer.html);
}

#[tokio::test]
async fn a_kept_form_is_sent_to_this_site_only() {
    let gateway = Gateway::default();
    let mut ada = Visitor::new(storefront(&gateway));
    let login = ada.get("/login").await;
    let mut form = filled(&login, "secret horse");
    for (name, value) in [("_kept", "FullName=Eve"), ("_kept_at", "//evil.example/take")] {
        form.push((name.to_owned(), value.to_owned()));
    }
    assert_eq!(ada.post("/login", &form).await.location(), "/");
}

/// The log-in of a page, filled in.
fn filled(page: &crate::visitor::Answer, password: &str) -> Vec<(String, String)> {
    let mut form = unescaped(&page.form("/login"));
    form.retain(|(name, _)| name.starts_with('_') || name == "next");
    for (name, value) in [("UserName", "ada"), ("Password", password)] {
        form.push((name.to_owned(), value.to_owned()));
    }
    form
}

/// What a browser makes of the values of a form.
fn unescaped(form: &[(String, String)]) -> Vec<(String, String)> {
    let plain = |value: &String| value.replace("&#34;", "\"").replace("&#38;", "&");
    form.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn sent_key(asked: &crate::gateway::Asked) -> String {
    sent(asked, "idempotency-key")
}

#[tokio::test]
async fn times_are_in_the_zone_of_the_shop() {
    let gateway = Gateway::default();
    gateway.order_goes_through(&[crate::gateway::order("Finalized", "Committed", "Debited")]);
    let mut ada = Visitor::logged_in(storefront(&gateway)).await;
    let page = ada.get(&format!("/orders/{}", crate::gateway::ORDER)).await;
    page.says("23 Nov 2026, 07:00\u{a0}CET");
    assert_eq!(
        gateway.asked("/accounting/get-time-zone").len(),
        1,
        "an answer is good for a while"
    );
}

#[tokio::test]
async fn times_are_in_utc_while_the_zone_is_not_known() {
    let gateway = Gateway::default();
    gateway.fail(503, json!({ "title": "not now" }));
    let mut ada = Visitor::new(storefront(&gateway));
    ada.get("/login").await;
    gateway.mend();
    gateway.order_goes_through(&[crate::gateway::order("Finalized", "Committed", "Debited")]);
    let login = ada.get("/login").await;
    ada.post("/login", &filled(&login, "secret horse")).await;
    let page = ada.get(&format!("/orders/{}", crate::gateway::ORDER)).await;
    page.says("23 Nov 2026, 06:00\u{a0}UTC");
}
