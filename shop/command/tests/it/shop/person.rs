//! A user of a shop over HTTP: with a token, and reading their own writes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

use super::{eventually, product};

pub(crate) type Http = Client<HttpConnector, Full<Bytes>>;

pub(super) fn http() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// A user with or without a token; clones share the position they have seen.
#[derive(Clone)]
pub(crate) struct Person {
    http: Http,
    url: Arc<str>,
    token: Option<Arc<str>>,
    traceparent: Option<Arc<str>>,
    position: Arc<AtomicU64>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) position: Option<u64>,
    /// In how many seconds to come back.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Value,
    /// The same as it came, where that is no JSON.
    pub(crate) bytes: Bytes,
}

impl Answer {
    /// Whether the shop can do later what it cannot now: a disk or a model may be slow for a moment.
    pub(crate) fn asks_for_patience(&self) -> bool {
        const LATER: [&str; 4] = [
            "/problems/orders-busy",
            "/problems/busy",
            "/problems/behind",
            "/problems/unavailable",
        ];
        self.status == 503 && LATER.iter().any(|later| self.body["type"] == *later)
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }
}

impl Person {
    pub(super) fn new(http: Http, url: &str) -> Self {
        Self { http, url: url.into(), token: None, traceparent: None, position: Arc::default() }
    }

    /// The same person at a shop that was started again.
    pub(crate) fn at(&self, shop: &super::Shop) -> Self {
        Self { http: shop.http.clone(), url: shop.url.as_str().into(), ..self.clone() }
    }

    /// The same person, whose requests belong to a trace.
    pub(crate) fn traced(&self, traceparent: &str) -> Self {
        Self { traceparent: Some(traceparent.into()), ..self.clone() }
    }

    /// Another user, who shares the position: what either writes is there when the other looks.
    pub(crate) async fn log_in(&self, user: &str, password: &str) -> Self {
        let body = json!({ "UserName": user, "Password": password });
        let session = self.post("/customer/login-user", body).await.ok();
        let token = session["Token"].as_str().expect("a token");
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// A GET; sent again while the shop asks for patience.
    pub(crate) async fn get(&self, path: &str) -> Value {
        eventually("the shop can answer", async || {
            let answer = self.try_get(path).await.expect("the shop answers");
            (!answer.asks_for_patience()).then(|| answer.ok())
        })
        .await
    }

    pub(crate) async fn try_get(&self, path: &str) -> Result<Answer, Error> {
        self.send(hyper::Method::GET, path, Bytes::new()).await
    }

    /// A POST; sent again while the shop is too busy for orders, which records nothing.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        eventually("the shop has room for an order", async || {
            let answer = self.try_post(path, body.clone()).await.expect("the shop answers");
            (answer.body["type"] != "/problems/orders-busy").then_some(answer)
        })
        .await
    }

    pub(crate) async fn try_post(&self, path: &str, body: Value) -> Result<Answer, Error> {
        self.send(hyper::Method::POST, path, body.to_string().into()).await
    }

    /// A POST that may be sent again.
    pub(crate) async fn try_post_with_key(
        &self,
        path: &str,
        key: &str,
        body: Value,
    ) -> Result<Answer, Error> {
        let key = Some(("idempotency-key", key));
        self.send_with(key, (hyper::Method::POST, path), body.to_string().into()).await
    }

    /// Gives a product this picture; its address.
    pub(crate) async fn set_picture(&self, product: &str, file: &Bytes) -> String {
        let (path, kind) =
            (format!("/product/set-picture?ProductId={product}"), ("content-type", "image/png"));
        let answer = self.send_with(Some(kind), (hyper::Method::POST, &path), file.clone()).await;
        let product = answer.expect("the shop answers").ok();
        product["Picture"]["Address"].as_str().expect("an address").to_owned()
    }

    /// All items of a list, page by page.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{separator}Limit=500{after}")).await;
            items.extend(page["Items"].as_array().expect("a list").iter().cloned());
            let Some(next) = page["Next"].as_str() else { return items };
            after = format!("&After={next}");
        }
    }

    /// Registers customers, each with the password `NAME's password`, and sets their credit.
    pub(crate) async fn add_customers(&self, names: &[&str], credit: &str) {
        for name in names {
            let password = format!("{name}'s password");
            let email = format!("{name}@example.invalid");
            let user =
                json!({ "UserName": name, "Password": password, "FullName": name, "Email": email });
            self.post("/customer/add-user", user).await.ok();
            let credit = json!({ "UserName": name, "Credit": credit });
            self.post("/customer/set-credit", credit).await.ok();
        }
    }

    /// Adds products of one price and stock in a category of their own; their ids.
    pub(crate) async fn add_products(&self, names: &[&str], offer: (&str, i64)) -> Vec<String> {
        let category = json!({ "Name": format!("Of {}", names.join(" and ")) });
        let category = self.post("/product/add-new-category", category).await.ok();
        let category = category["CategoryId"].as_str().expect("an id");
        let mut ids = Vec::new();
        for name in names {
            let added = self.post("/product/add-new-product", product(name, category, offer)).await;
            ids.push(added.ok()["ProductId"].as_str().expect("an id").to_owned());
        }
        ids
    }

    /// Places an order for a customer, as a manager does; its id.
    pub(crate) async fn order(&self, product: &str, user: &str) -> String {
        let order = json!({ "ProductId": product, "UserName": user });
        eventually("the shop has time for an order", async || {
            let order = self.post("/order/place-order", order.clone()).await;
            if order.body["type"] == "/problems/orders-busy" {
                // Nothing was recorded.
                return None;
            }
            assert_eq!(order.status, 202, "{order:?}");
            Some(order.body["OrderId"].as_str().expect("an id").to_owned())
        })
        .await
    }

    /// All orders, once each has ended with all that follows from its end.
    pub(crate) async fn ended_orders(&self) -> Vec<Value> {
        eventually("every order ends", async || {
            // After a kill, another process projects into a model on a server only once the lease of the first one is over.
            let one = self.try_get("/order/get-orders?Type=All&Limit=1").await.ok()?;
            if one.asks_for_patience() {
                return None;
            }
            let orders = self.list("/order/get-orders?Type=All").await;
            orders.iter().all(has_ended).then_some(orders)
        })
        .await
    }

    /// The whole log.
    pub(crate) async fn events(&self) -> Vec<Value> {
        self.list("/events/read-all").await
    }

    async fn send(&self, method: hyper::Method, path: &str, body: Bytes) -> Result<Answer, Error> {
        self.send_with(None, (method, path), body).await
    }

    async fn send_with(
        &self,
        header: Option<(&'static str, &str)>,
        (method, path): (hyper::Method, &str),
        body: Bytes,
    ) -> Result<Answer, Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if !body.is_empty() && header.is_none_or(|(name, _)| name != "content-type") {
            request = request.header("content-type", "application/json");
        }
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(traceparent) = &self.traceparent {
            request = request.header("traceparent", &**traceparent);
        }
        let seen = self.position.load(Ordering::Relaxed);
        if seen > 0 {
            request = request.header("agora-position", seen);
        }
        let response = self.http.request(request.body(Full::new(body)).expect("a request")).await?;
        let (head, body) = response.into_parts();
        let number = |name| head.headers.get(name)?.to_str().ok()?.parse().ok();
        let (position, retry_after) = (number("agora-position"), number("retry-after"));
        self.position.fetch_max(position.unwrap_or(0), Ordering::Relaxed);
        // A shop that dies while it answers has not answered.
        let bytes =
            body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status: head.status.as_u16(), position, retry_after, body, bytes })
    }
}

fn has_ended(order: &Value) -> bool {
    let settled = |name: &str| matches!(order[name].as_str(), Some("Released" | "Denied"));
    match order["Status"].as_str() {
        Some("Canceled") => settled("StockStatus") && settled("CreditStatus"),
        Some("Finalized") => {
            order["StockStatus"] == "Committed"
                && order["CreditStatus"] == "Debited"
                && order["InvoiceNumber"].is_u64()
        }
        _ => false,
    }
}
