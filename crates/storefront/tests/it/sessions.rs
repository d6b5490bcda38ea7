//! Sessions: what a visitor's cookie is worth, and what goes on to the gateway.

use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::StatusCode;
use serde_json::json;

use crate::{
    gateway::{Gateway, PRODUCT},
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
    // Whoever is no trusted proxy says nothing of others.
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
    let form = ada.get(&format!("/products/{PRODUCT}")).await.form("/orders");
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
    let page = format!("/products/{PRODUCT}");
    let first = ada.get(&page).await.form("/orders");
    let second = ada.get(&page).await.form("/orders");
    for form in [&first, &first, &second] {
        ada.post("/orders", form).await;
    }
    let placed = gateway.asked("/order/place-order");
    let keys: Vec<String> = placed.iter().map(|asked| sent(asked, "idempotency-key")).collect();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
    assert_eq!(placed[0].body, json!({ "ProductId": PRODUCT, "Quantity": 1, "Price": "19.99" }));
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
    let form = eve.get(&format!("/products/{PRODUCT}")).await.form("/orders");
    let answer = ada.post("/orders", &form).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.says("This form has expired");
    assert!(gateway.asked("/order/place-order").is_empty());
    // What was typed can be sent again, by a press of one's own.
    let again = answer.form("/orders");
    assert!(again.contains(&("ProductId".to_owned(), PRODUCT.to_owned())), "{again:?}");
    assert_eq!(ada.post("/orders", &again).await.status, StatusCode::SEE_OTHER);
}
