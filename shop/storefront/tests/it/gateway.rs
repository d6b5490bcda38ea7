//! A gateway that answers as the REST API says, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

pub(crate) const PRODUCT: &str = "01a20726-0000-7000-8000-000000000001";
/// The page with the button that orders one.
pub(crate) const REVIEW: &str =
    "/order/review?ProductId=01a20726-0000-7000-8000-000000000001&Quantity=1";
pub(crate) const HASH: &str = "5ea2f0d15ea2f0d15ea2f0d15ea2f0d15ea2f0d15ea2f0d15ea2f0d15ea2f0d1";
/// What its file holds, for here.
pub(crate) const PICTURE: &str = "a picture";
/// Another product of its category.
pub(crate) const OTHER: &str = "01a20726-0000-7000-8000-000000000003";
pub(crate) const ORDER: &str = "01a20726-0000-7000-8000-000000000002";

/// What one request was.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) address: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// The gateway; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Gateway(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    asked: Vec<Asked>,
    /// The answer to everything, in the place of the usual ones.
    failing: Option<(u16, Value)>,
    /// Orders refused because the shop is busy, before one is taken.
    busy: usize,
    /// Whether the product has a picture of its own.
    pictured: bool,
    /// States of the one order, the next one at each look.
    states: Vec<Value>,
}

impl Gateway {
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// From now on everything is answered so.
    pub(crate) fn fail(&self, status: u16, problem: Value) {
        self.0.lock().expect("no test panics here").failing = Some((status, problem));
    }

    /// The next orders are refused because the shop is busy.
    pub(crate) fn refuse_orders(&self, count: usize) {
        self.0.lock().expect("no test panics here").busy = count;
    }

    /// From now on the product has a picture of its own.
    pub(crate) fn give_picture(&self) {
        self.0.lock().expect("no test panics here").pictured = true;
    }

    pub(crate) fn mend(&self) {
        self.0.lock().expect("no test panics here").failing = None;
    }

    /// The states that the order goes through; the last one stays.
    pub(crate) fn order_goes_through(&self, states: &[Value]) {
        self.0.lock().expect("no test panics here").states = states.iter().rev().cloned().collect();
    }

    /// All requests for `path`.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let inner = self.0.lock().expect("no test panics here");
        let of_path = |asked: &&Asked| asked.address.split('?').next() == Some(path);
        inner.asked.iter().filter(of_path).cloned().collect()
    }
}

/// An order as the gateway answers it.
pub(crate) fn order(status: &str, stock: &str, credit: &str) -> Value {
    let invoice = (status == "Finalized").then_some(7);
    let reasons =
        if status == "Canceled" { json!(["low-credit", "out-of-stock"]) } else { json!([]) };
    json!({
        "OrderId": ORDER, "UserName": "ada", "ProductId": PRODUCT, "ProductName": "Blue Teapot", "Quantity": 2,
        "Price": 19.99, "Total": 39.98, "Currency": "EUR", "Status": status, "StockStatus": stock, "CreditStatus": credit,
        "Reasons": reasons, "InvoiceNumber": invoice, "PlacedAt": "2026-11-23T06:00:00Z", "UpdatedAt": "2026-11-23T06:00:00Z",
    })
}

fn product(pictured: bool) -> Value {
    let picture = json!({ "Address": format!("/product/get-picture/{HASH}"), "Hash": HASH, "Type": "image/webp", "Width": 800, "Height": 600 });
    let mut product = json!({
        "ProductId": PRODUCT, "Code": null, "Name": "Blue Teapot", "Description": "", "Supplier": "", "CategoryId": PRODUCT,
        "CategoryName": "Kitchen", "Price": 19.99, "Currency": "EUR", "UnitsInStock": 10, "Available": 10, "Version": 0,
        "SomethingNew": true,
    });
    if let Some(members) = product.as_object_mut().filter(|_| pictured) {
        members.insert("Picture".to_owned(), picture);
    }
    product
}

async fn answer(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a small body");
    let address = parts.uri.to_string();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut inner = gateway.0.lock().expect("no test panics here");
    let asked = Asked { address: address.clone(), headers: parts.headers, body };
    inner.asked.push(asked);
    if let Some((status, problem)) = &inner.failing {
        let status = StatusCode::from_u16(*status).expect("a status");
        return (status, [("retry-after", "90")], Json(problem.clone())).into_response();
    }
    match address.split('?').next().unwrap_or_default() {
        "/customer/login-user" => Json(json!({
            "Token": "a.token", "ExpiresAt": "2999-01-01T00:00:00Z", "UserName": "ada", "Role": "customer",
        }))
        .into_response(),
        "/accounting/get-time-zone" => Json(json!({ "TimeZone": "Europe/Berlin" })).into_response(),
        "/customer/get-user/ada" | "/customer/update-user" => Json(json!({
            "UserName": "ada", "FullName": "Ada Lovelace", "Email": "", "Role": "customer", "Credit": 10.0, "Reserved": 0.0,
            "Available": 10.0, "Version": 0,
        }))
        .into_response(),
        "/customer/get-credit" => Json(json!({
            "UserName": "ada", "Credit": 100.0, "Reserved": 0.0, "Available": 100.0,
        }))
        .into_response(),
        "/product/get-product-details" => Json(product(inner.pictured)).into_response(),
        "/product/get-all-products" => list(&[product(inner.pictured)]),
        "/product/get-products" if address.contains("CategoryId=nope") => {
            (StatusCode::NOT_FOUND, Json(json!({ "title": "Not found" }))).into_response()
        }
        "/product/get-products" => products(&address, inner.pictured),
        address if address.strip_prefix("/product/get-picture/") == Some(HASH) => {
            ([("content-type", "image/webp")], PICTURE).into_response()
        }
        "/product/get-category-details" => {
            Json(json!({ "CategoryId": PRODUCT, "Name": "Kitchen", "Products": 1 })).into_response()
        }
        "/product/get-categories" => list(&[json!({ "CategoryId": PRODUCT, "Name": "Kitchen", "Products": 1 })]),
        "/order/place-order" if inner.busy > 0 => {
            inner.busy -= 1;
            let busy = json!({ "type": "/problems/orders-busy", "title": "The shop is busy" });
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], Json(busy)).into_response()
        }
        "/order/place-order" => {
            let placed = Json(order("Pending", "Pending", "Pending"));
            (StatusCode::ACCEPTED, [("agora-position", "42")], placed).into_response()
        }
        "/order/get-orders" => {
            let last = inner.states.len() <= 1;
            let state = if last { inner.states.last().cloned() } else { inner.states.pop() };
            list(&state.into_iter().collect::<Vec<_>>())
        }
        "/order/get-order-history" => list(&[]),
        "/order/order-events" => changes(),
        _ => (StatusCode::NOT_FOUND, Json(json!({ "title": "Not found" }))).into_response(),
    }
}

fn list(items: &[Value]) -> Response {
    Json(json!({ "Items": items, "Next": null })).into_response()
}

fn products(address: &str, pictured: bool) -> Response {
    let mut other = product(false);
    if let Some(members) = other.as_object_mut() {
        members.extend([
            ("ProductId".to_owned(), json!(OTHER)),
            ("Name".to_owned(), json!("Red Teapot")),
        ]);
    }
    let first = product(pictured);
    if address.contains("Sort=Sold") {
        list(&[first, other])
    } else if address.contains("After=2") {
        list(&[other])
    } else {
        Json(json!({ "Items": [first], "Next": "2" })).into_response()
    }
}

fn changes() -> Response {
    let change = json!({
        "Step": { "Event": "x", "Service": "x", "Actor": "x", "At": "2026-11-23T06:00:00Z", "Position": 1, "Details": {} },
        "Order": order("Pending", "Pending", "Pending"),
    });
    let events = format!(": hello\n\nid: 1\ndata: {change}\n\n").repeat(8);
    ([("content-type", "text/event-stream")], Body::from(events)).into_response()
}
