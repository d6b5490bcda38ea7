//! A gateway whose answers a test chooses, and a manager who is logged in at a back office in front of it.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use backoffice::Watcher;
use http_body_util::BodyExt;
use hyper::{
    StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use kernel::Ids;
use runtime::clock::SystemClock;
use serde_json::{Value, json};
use site::{Gateway, Website};
use tower::ServiceExt;
use web::TrustedProxies;

/// What the gateway was asked; it is in Berlin, half an hour after the beginning of 2027 there.
#[derive(Clone, Default)]
pub(crate) struct Asked {
    addresses: Arc<Mutex<Vec<String>>>,
    /// Services that do not answer; `system` for the gateway itself.
    silent: Arc<Mutex<Vec<&'static str>>>,
    /// Those that take a request and never answer it.
    frozen: Arc<Mutex<Vec<&'static str>>>,
}

impl Asked {
    /// From now on these do not answer.
    pub(crate) fn silence(&self, services: &[&'static str]) {
        services.clone_into(&mut self.silent.lock().expect("no test panics here"));
    }

    /// From now on these hang.
    pub(crate) fn freeze(&self, services: &[&'static str]) {
        services.clone_into(&mut self.frozen.lock().expect("no test panics here"));
    }

    fn is_frozen(&self, service: &str) -> bool {
        self.frozen.lock().expect("no test panics here").contains(&service)
    }

    fn is_silent(&self, service: &str) -> bool {
        self.silent.lock().expect("no test panics here").contains(&service)
    }

    fn status(&self) -> Value {
        let services = ["customer", "product", "order", "accounting", "events"].map(|name| {
            let silent = self.is_silent(name);
            json!({
                "Name": name, "Ready": !silent, "Outage": silent.then(|| outage(name, None)),
                "Without": format!("No {name}, no fun."), "Instances": [],
            })
        });
        let bus = self.is_silent("bus");
        let bus = json!({ "Engine": "RabbitMQ", "Connected": !bus, "Outage": bus.then(|| outage("bus", None)) });
        json!({ "Ready": true, "Services": services, "Bus": bus, "WatchedSince": "2026-12-31T22:00:00Z" })
    }

    /// The address of the last request for `path`.
    pub(crate) fn last(&self, path: &str) -> String {
        let asked = self.addresses.lock().expect("no test panics here");
        let mut of_path = asked.iter().filter(|address| address.split('?').next() == Some(path));
        of_path.next_back().cloned().unwrap_or_else(|| panic!("{path} was not asked for"))
    }
}

/// An outage that lasts, or is over.
fn outage(part: &str, until: impl Into<Option<&'static str>>) -> Value {
    let (since, until) = ("2026-12-31T22:40:00Z", until.into());
    json!({ "Part": part, "State": "Away", "Reason": "It hangs.", "Since": since, "Until": until })
}

/// The last event of the log.
pub(crate) fn event() -> Value {
    event_of(9, "order.placed")
}

pub(crate) fn event_of(position: u64, kind: &str) -> Value {
    json!({
        "Position": position, "Stream": "order-1", "Version": 0, "Id": "01a20726-0000-7000-8000-000000000002",
        "Type": kind, "Schema": 1, "Time": "2026-12-31T23:30:00Z", "Actor": "anonymous",
        "Correlation": "01a20726-0000-7000-8000-000000000002", "Traceparent": null, "Reactor": null, "Cause": null,
        "Idempotency": null, "Data": {},
    })
}

/// The event with other members.
pub(crate) fn with<const N: usize>(mut event: Value, members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (name.to_owned(), value));
    event.as_object_mut().expect("an event is an object").extend(members);
    event
}

/// What that event does to a row of the read model of orders.
fn row(change: &str, fields: &[(&str, Value, Value)]) -> Value {
    let fields: Vec<Value> = fields
        .iter()
        .map(|(name, before, after)| json!({ "Name": name, "Before": before, "After": after }))
        .collect();
    json!({ "Table": "orders", "Key": ["9"], "Change": change, "Fields": fields })
}

async fn gateway(State(asked): State<Asked>, request: Request) -> Response {
    asked.addresses.lock().expect("no test panics here").push(request.uri().to_string());
    let service = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
    // Its health is the gateway's own.
    let service = if service == "health" { "system" } else { &service };
    if asked.is_frozen(service) {
        return std::future::pending().await;
    }
    if asked.is_silent(service) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let list = |items: Value| json!({ "Items": items, "Next": null });
    let answer = match request.uri().path() {
        "/health/live" => json!({ "Live": true }),
        "/system/get-status" => asked.status(),
        "/system/get-timeline" => list(vec![outage("product", "2026-12-31T22:50:00Z"); 22].into()),
        "/accounting/get-time-zone" => json!({ "TimeZone": "Europe/Berlin" }),
        "/customer/login-user" => json!({
            "Token": "a.token", "ExpiresAt": "2999-01-01T00:00:00Z", "UserName": "admin", "Role": "manager",
        }),
        "/accounting/get-revenue" => {
            json!({ "Year": 2027, "Revenue": 6.66, "Invoices": 1, "ByProduct": [],
                "ByMonth": [{ "Month": 1, "Revenue": 6.66, "Invoices": 1 }] })
        }
        "/accounting/get-daily-revenue" => {
            let day = json!({ "Day": "2027-01-01", "Revenue": 6.66, "Invoices": 1 });
            json!({ "Revenue": 6.66, "Invoices": 1, "ByDay": [day] })
        }
        "/order/get-order-statistics" => {
            json!({
                "Total": 1, "Open": 0, "ByStatus": { "Finalized": 1 }, "ByReason": {},
                "Durations": { "P50Ms": 1.0, "P90Ms": 1.0, "P99Ms": 1.0, "MaxMs": 1.0 },
            })
        }
        "/product/get-all-products" | "/product/get-categories" | "/customer/get-all-users" => {
            list(json!([]))
        }
        "/order/get-orders" => list(json!([{
            "OrderId": "01a20726-0000-7000-8000-000000000002", "UserName": "ada",
            "ProductId": "01a20726-0000-7000-8000-000000000001", "ProductName": "Tea", "Quantity": 1, "Price": 6.66,
            "Total": 6.66, "Currency": "EUR", "Status": "Finalized", "StockStatus": "Committed", "CreditStatus": "Debited",
            "Reasons": [], "InvoiceNumber": 1, "Channel": "app", "PlacedAt": "2026-12-31T23:30:00Z", "UpdatedAt": "2026-12-31T23:30:00Z",
        }])),
        "/events/follow" => return [("content-type", "text/event-stream")].into_response(),
        "/events/head" => json!({ "Position": 9 }),
        "/events/read-all" => list(json!([event()])),
        "/events/read-through" => json!({
            "Model": "order", "Models": ["customer", "order"], "Taken": 7, "LeftOut": ["product-1"], "IndexedTo": 9,
            "Next": "OQ", "Items": [{ "Event": event(), "Rows": [
                row("Changed", &[("status", json!("0"), json!("3")), ("invoice", json!(null), json!("<7>"))]),
                row("Added", &[("at", json!(null), json!("5")), ("cause", json!(null), json!(null))]),
            ] }],
        }),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    Json(answer).into_response()
}

/// A back office in front of `gateway`.
pub(crate) fn office(gateway: Router) -> Router {
    beside(Website::at(None), gateway)
}

/// One that watches a storefront.
fn beside(storefront: Website, gateway: Router) -> Router {
    let config = config(gateway);
    let watcher = Watcher::new(&config, storefront);
    backoffice::build(config, watcher, backoffice::LowStock(3), backoffice::Extras::default())
}

/// The storefront, which is silent when a test wants it to be.
fn storefront(asked: &Asked) -> Website {
    let answer = async |State(asked): State<Asked>| {
        if asked.is_silent("storefront") { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    let site = Router::new().route("/health/live", get(answer)).with_state(asked.clone());
    Website::at(Some(Gateway::Local(site)))
}

/// That of a sample shop, whose parts can be made to fail.
pub(crate) fn played(gateway: Router) -> Router {
    let config = config(gateway);
    let watcher = Watcher::new(&config, Website::at(None));
    let extras = backoffice::Extras { playground: true, book: true };
    backoffice::build(config, watcher, backoffice::LowStock(3), extras)
}

fn config(gateway: Router) -> backoffice::Config {
    backoffice::Config {
        gateway: Gateway::Local(gateway),
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::from_seed([1; 32])),
        secret: [7; 32],
        proxies: TrustedProxies::default(),
        streams: web::Streams::default(),
        secure_cookies: false,
        shutdown: tokio_util::sync::CancellationToken::new(),
    }
}

/// A manager who is logged in at a back office.
pub(crate) struct Manager {
    office: Router,
    cookie: String,
}

/// Without which no form of a page is taken.
fn form_token(page: &str) -> &str {
    let token = page.split("name=\"_csrf\" value=\"").nth(1).expect("a token");
    token.split('"').next().expect("a token")
}

impl Manager {
    pub(crate) async fn at(asked: &Asked) -> Self {
        Self::over(asked, Router::new()).await
    }

    /// In front of a gateway that answers some calls as a test wants it, and all others as ever.
    pub(crate) async fn over(asked: &Asked, some: Router) -> Self {
        let gateway =
            some.fallback_service(Router::new().fallback(gateway).with_state(asked.clone()));
        Self::of(beside(storefront(asked), gateway)).await
    }

    /// The same in a shop that is played with.
    pub(crate) async fn playing(asked: &Asked, some: Router) -> Self {
        let gateway =
            some.fallback_service(Router::new().fallback(gateway).with_state(asked.clone()));
        Self::of(played(gateway)).await
    }

    async fn of(office: Router) -> Self {
        let mut manager = Self { office, cookie: String::new() };
        let login = manager.get("/login").await;
        let token = form_token(&login);
        let body = format!("_csrf={token}&UserName=admin&Password=secret+horse");
        let request = Request::post("/login").header(COOKIE, &manager.cookie);
        manager.send(request.body(Body::from(body)).expect("a request")).await;
        manager
    }

    pub(crate) async fn get(&mut self, address: &str) -> String {
        let request = Request::get(address).header(COOKIE, &self.cookie);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Whether the office does what a form of its own asks for.
    pub(crate) async fn post(&self, address: &str) -> StatusCode {
        let request = Request::post(address).header(COOKIE, &self.cookie);
        let request = request.body(Body::empty()).expect("a request");
        self.office.clone().oneshot(request).await.expect("a site always answers").status()
    }

    /// Sends a form of the office's own; the page that it answers with or leads to.
    pub(crate) async fn submit(&mut self, address: &str, fields: &str) -> String {
        let page = self.get("/products").await;
        let token = form_token(&page);
        let request = Request::post(address).header(COOKIE, &self.cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let body = format!("_csrf={token}&{fields}");
        let answer = self.answer(request.body(Body::from(body)).expect("a request")).await;
        let leads = answer.headers().get(LOCATION).map(|to| to.to_str().expect("ASCII").to_owned());
        match leads {
            Some(to) => self.get(&to).await,
            None => text(answer).await,
        }
    }

    /// Sends a form of the office's own with a file; the page that it answers with.
    pub(crate) async fn upload(&mut self, address: &str, (field, file): (&str, &str)) -> String {
        let head = format!("name=\"{field}\"; filename=\"goods.csv\"");
        self.send_parts(address, &[(&head, file)]).await
    }

    /// Sends a form of the office's own in parts, each by its head and content; the page that it answers with.
    pub(crate) async fn send_parts(&mut self, address: &str, parts: &[(&str, &str)]) -> String {
        let page = self.get("/products").await;
        let token = form_token(&page);
        let part = |head: &str, content: &str| {
            format!("--b\r\ncontent-disposition: form-data; {head}\r\n\r\n{content}\r\n")
        };
        let token = part("name=\"_csrf\"", token);
        let parts: String = parts.iter().map(|(head, content)| part(head, content)).collect();
        let request = Request::post(address).header(COOKIE, &self.cookie);
        let request = request.header("content-type", "multipart/form-data; boundary=b");
        let body = Body::from(format!("{token}{parts}--b--\r\n"));
        self.send(request.body(body).expect("a request")).await
    }

    async fn send(&mut self, request: Request) -> String {
        text(self.answer(request).await).await
    }

    async fn answer(&mut self, request: Request) -> Response {
        let answer = self.office.clone().oneshot(request).await.expect("a site always answers");
        if let Some(cookie) = answer.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII").split(';').next().expect("a pair");
            cookie.clone_into(&mut self.cookie);
        }
        answer
    }
}

async fn text(answer: Response) -> String {
    let body = answer.into_body().collect().await.expect("a page").to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}
