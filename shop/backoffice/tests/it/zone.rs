//! One time zone, the shop's, in all that a manager sees.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use hyper::{
    StatusCode,
    header::{COOKIE, SET_COOKIE},
};
use kernel::Ids;
use runtime::clock::SystemClock;
use serde_json::{Value, json};
use site::Gateway;
use tower::ServiceExt;
use web::TrustedProxies;

/// What the gateway was asked; it is in Berlin, half an hour after the beginning of 2027 there.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    /// The address of the last request for `path`.
    fn last(&self, path: &str) -> String {
        let asked = self.0.lock().expect("no test panics here");
        let mut of_path = asked.iter().filter(|address| address.split('?').next() == Some(path));
        of_path.next_back().cloned().unwrap_or_else(|| panic!("{path} was not asked for"))
    }
}

async fn gateway(State(asked): State<Asked>, request: Request) -> Response {
    asked.0.lock().expect("no test panics here").push(request.uri().to_string());
    let list = |items: Value| json!({ "Items": items, "Next": null });
    let answer = match request.uri().path() {
        "/accounting/get-time-zone" => json!({ "TimeZone": "Europe/Berlin" }),
        "/customer/login-user" => json!({
            "Token": "a.token", "ExpiresAt": "2999-01-01T00:00:00Z", "UserName": "admin", "Role": "manager",
        }),
        "/accounting/get-revenue" => {
            json!({ "Year": 2027, "Revenue": 6.66, "Invoices": 1, "ByMonth": [], "ByProduct": [] })
        }
        "/order/get-order-statistics" => {
            json!({
                "Total": 1, "Open": 0, "ByStatus": { "Finalized": 1 }, "ByReason": {},
                "Durations": { "P50Ms": 1.0, "P90Ms": 1.0, "P99Ms": 1.0, "MaxMs": 1.0 },
            })
        }
        "/product/get-all-products" => list(json!([])),
        "/order/get-orders" => list(json!([{
            "OrderId": "01a20726-0000-7000-8000-000000000002", "UserName": "ada",
            "ProductId": "01a20726-0000-7000-8000-000000000001", "ProductName": "Tea", "Quantity": 1, "Price": 6.66,
            "Total": 6.66, "Currency": "EUR", "Status": "Finalized", "StockStatus": "Committed", "CreditStatus": "Debited",
            "Reasons": [], "InvoiceNumber": 1, "Channel": "app", "PlacedAt": "2026-12-31T23:30:00Z", "UpdatedAt": "2026-12-31T23:30:00Z",
        }])),
        "/events/follow" => return [("content-type", "text/event-stream")].into_response(),
        "/events/head" => json!({ "Position": 9 }),
        "/events/read-all" => list(json!([{
            "Position": 9, "Stream": "order-1", "Version": 0, "Id": "01a20726-0000-7000-8000-000000000002",
            "Type": "order.placed", "Schema": 1, "Time": "2026-12-31T23:30:00Z", "Actor": "anonymous",
            "Correlation": "01a20726-0000-7000-8000-000000000002", "Traceparent": null, "Reactor": null, "Cause": null,
            "Idempotency": null, "Data": {},
        }])),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    Json(answer).into_response()
}

/// A manager who is logged in at a back office.
struct Manager {
    office: Router,
    cookie: String,
}

impl Manager {
    async fn at(asked: &Asked) -> Self {
        let gateway = Router::new().fallback(gateway).with_state(asked.clone());
        let office = backoffice::build(backoffice::Config {
            gateway: Gateway::Local(gateway),
            clock: Arc::new(SystemClock),
            ids: Arc::new(Ids::from_seed([1; 32])),
            secret: [7; 32],
            proxies: TrustedProxies::default(),
            streams: web::Streams::default(),
            secure_cookies: false,
            shutdown: tokio_util::sync::CancellationToken::new(),
        });
        let mut manager = Self { office, cookie: String::new() };
        let login = manager.get("/login").await;
        let token = login.split("name=\"_csrf\" value=\"").nth(1).expect("a token");
        let token = token.split('"').next().expect("a token");
        let body = format!("_csrf={token}&UserName=admin&Password=secret+horse");
        let request = Request::post("/login").header(COOKIE, &manager.cookie);
        manager.send(request.body(Body::from(body)).expect("a request")).await;
        manager
    }

    async fn get(&mut self, address: &str) -> String {
        let request = Request::get(address).header(COOKIE, &self.cookie);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    async fn send(&mut self, request: Request) -> String {
        let answer = self.office.clone().oneshot(request).await.expect("a site always answers");
        if let Some(cookie) = answer.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII").split(';').next().expect("a pair");
            cookie.clone_into(&mut self.cookie);
        }
        let body = answer.into_body().collect().await.expect("a page").to_bytes();
        String::from_utf8(body.to_vec()).expect("text")
    }
}

#[tokio::test]
async fn orders_are_counted_in_the_year_of_their_revenue() {
    let asked = Asked::default();
    let page = Manager::at(&asked).await.get("/?year=2027").await;
    assert!(page.contains("6.66"), "{page}");
    let counted = asked.last("/order/get-order-statistics");
    let year = "From=2026-12-31T23%3A00%3A00.000000Z&To=2027-12-31T23%3A00%3A00.000000Z";
    assert!(counted.ends_with(year), "{counted}");
}

#[tokio::test]
async fn the_orders_of_a_day_are_those_of_the_day_shown() {
    let asked = Asked::default();
    let page = Manager::at(&asked).await.get("/orders?from=2027-01-01&to=2027-01-01").await;
    let found = asked.last("/order/get-orders");
    let day = "From=2026-12-31T23%3A00%3A00.000000Z&To=2027-01-01T23%3A00%3A00.000000Z";
    assert!(found.contains(day), "{found}");
    assert!(page.contains(">1 Jan 2027, 00:30:00.000000</time>"), "{page}");
}

#[tokio::test]
async fn orders_are_shown_with_their_channel_and_found_by_it() {
    let asked = Asked::default();
    let manager = &mut Manager::at(&asked).await;
    let page = manager.get("/orders?channel=app&status=Finalized").await;
    let found = asked.last("/order/get-orders");
    assert!(found.contains("Channel=app") && found.contains("Status=Finalized"), "{found}");
    assert!(page.contains("<option value=\"app\" selected>App</option>"), "{page}");
    assert!(page.contains("<td class=\"tight\">App</td>"), "{page}");
    manager.get("/orders?channel=kiosk").await;
    assert!(!asked.last("/order/get-orders").contains("Channel"), "there is no such channel");
}

#[tokio::test]
async fn events_are_asked_for_and_shown_in_the_same_zone() {
    let asked = Asked::default();
    let page = Manager::at(&asked).await.get("/events?since=2027-01-01T00:30").await;
    let found = asked.last("/events/read-all");
    assert!(found.contains("Since=2026-12-31T23%3A30%3A00.000000Z"), "{found}");
    assert!(page.contains(">1 Jan 2027, 00:30:00.000000</time>"), "{page}");
    assert!(page.contains("Recorded (Europe/Berlin)"), "{page}");
}

#[tokio::test]
async fn a_part_of_a_live_page_is_in_the_zone_too() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    for address in ["/events/follow", "/events/live"] {
        let page = manager.get(address).await;
        assert!(page.contains(">1 Jan 2027, 00:30:00.000000</time>"), "{address}: {page}");
    }
}
