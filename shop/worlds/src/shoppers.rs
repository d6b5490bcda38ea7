//! The people of a world: a manager and customers, who use the shop through its HTTP routers like real clients.

use std::{cell::RefCell, collections::BTreeSet, net::Ipv4Addr, rc::Rc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode},
};
use contracts::names;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use uuid::Uuid;

use testkit::Dice;

use crate::{guest::Guest, parts::Instances};

/// How often a request is tried before the shopper gives up.
const TRIES: u32 = 40;
/// How long a shopper who tries only once waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Within this time all who come at once come, in milliseconds.
const RUSH_MS: u64 = 2_000;
/// Units of each product, and credit of each customer, that many orders do not use up.
const ENOUGH: u32 = 100_000;

/// The responses of the shop, to be checked against the log.
#[derive(Default)]
pub(crate) struct Told {
    /// Orders acknowledged with 202.
    pub(crate) orders: Vec<Uuid>,
    /// Changes acknowledged with the position of their event.
    pub(crate) positions: Vec<u64>,
    /// Answers that the API does not allow.
    pub(crate) wrong: Vec<String>,
    /// Requests that were sent once and refused because the shop was busy, by their ids.
    pub(crate) refused: BTreeSet<Uuid>,
}

/// The people, with what they know.
pub(crate) struct People {
    instances: Rc<RefCell<Instances>>,
    dice: Dice,
    manager: String,
    customers: Vec<(String, String)>,
    products: Vec<Uuid>,
    pub(crate) told: RefCell<Told>,
}

/// An answer's status, position and body.
struct Answer {
    status: StatusCode,
    position: Option<u64>,
    body: Value,
}

impl Told {
    /// Takes note of the answer to the placing of an order.
    fn placing(&mut self, answer: &Answer) {
        match answer.status {
            StatusCode::ACCEPTED => self.orders.push(id_of(field(&answer.body, "OrderId"))),
            // The order service does not know the product yet, or no longer.
            StatusCode::NOT_FOUND => {}
            status => self.wrong.push(format!("place-order: {status} {}", answer.body)),
        }
    }
}

impl People {
    /// Opens the shop before any fault: categories, products, customers with credit.
    pub(crate) async fn open_shop(instances: Rc<RefCell<Instances>>, dice: Dice) -> Self {
        let mut people = Self {
            instances,
            dice,
            manager: String::new(),
            customers: Vec::new(),
            products: Vec::new(),
            told: RefCell::default(),
        };
        people.manager = people.log_in("admin", "correct horse battery staple").await;
        let category =
            people.must("product", "add-new-category", &json!({ "Name": "Everything" })).await;
        for (number, stock) in [10, 40, 80, 1000].into_iter().enumerate() {
            let product = json!({
                "Code": format!("P{number}"), "Name": format!("Product {number}"), "Description": "", "Supplier": "",
                "CategoryId": field(&category, "CategoryId"), "Price": format!("{}.50", number + 1), "UnitsInStock": stock,
            });
            let added = people.must("product", "add-new-product", &product).await;
            people.products.push(id_of(field(&added, "ProductId")));
        }
        for number in 0..6 {
            let (user, password) = (format!("customer-{number}"), "a password");
            let account = json!({ "UserName": user, "Password": password, "FullName": "C", "Email": "c@example.invalid" });
            people.must("customer", "add-user", &account).await;
            let token = people.log_in(&user, password).await;
            people.customers.push((user, token));
        }
        people
    }

    async fn log_in(&self, user: &str, password: &str) -> String {
        let session = self
            .must("customer", "login-user", &json!({ "UserName": user, "Password": password }))
            .await;
        field(&session, "Token").as_str().expect("a token").to_owned()
    }

    async fn must(&self, service: &str, call: &str, body: &Value) -> Value {
        let answer = self
            .insist(service, call, &self.manager, body)
            .await
            .expect("the shop opens in calm weather");
        assert!(answer.status.is_success(), "{call}: {} {}", answer.status, answer.body);
        answer.body
    }

    /// Places one order, retried with the same key until there is a response or the time is up.
    pub(crate) async fn order(&self) {
        let (token, body) = self.wish();
        if let Some(answer) = self.insist("order", "place-order", token, &body).await {
            self.told.borrow_mut().placing(&answer);
        }
    }

    /// Places one order, by a request that is sent once.
    async fn try_order(&self) {
        let (token, body) = self.wish();
        let (Some(router), key) = (self.router("order"), self.key()) else { return };
        let asked = ask(router, "place-order", token, &key, &body);
        let Ok(answer) = tokio::time::timeout(PATIENCE, asked).await else { return };
        let is_busy = field(&answer.body, "type") == names::ORDERS_BUSY;
        let mut told = self.told.borrow_mut();
        match answer.status {
            StatusCode::SERVICE_UNAVAILABLE if is_busy => {
                told.refused.insert(Uuid::parse_str(&key).expect("an id"));
            }
            // A part is down, or a clock is wrong.
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::UNAUTHORIZED => {}
            _ => told.placing(&answer),
        }
    }

    /// Many place an order within a moment.
    pub(crate) async fn rush(self: &Rc<Self>, orders: u32) {
        let mut rush = JoinSet::new();
        for _ in 0..orders {
            let (people, when) =
                (Rc::clone(self), Duration::from_millis(self.dice.within(0..RUSH_MS)));
            rush.spawn_local(async move {
                tokio::time::sleep(when).await;
                people.try_order().await;
            });
        }
        while let Some(done) = rush.join_next().await {
            done.expect("a shopper does not panic");
        }
    }

    /// An order: the token of its customer, and what is ordered.
    fn wish(&self) -> (&str, Value) {
        let (_, token) = self.dice.pick(&self.customers);
        let product = if self.dice.happens(400) {
            self.products.first()
        } else {
            Some(self.dice.pick(&self.products))
        };
        let product = product.expect("the shop has products");
        (token, json!({ "ProductId": product, "Quantity": self.dice.within(1..4) }))
    }

    /// The manager stocks every product and raises every credit, so that no order is denied for lack of either.
    pub(crate) async fn stock_up(&self) {
        for product in &self.products {
            let body = json!({ "ProductId": product, "UnitsInStock": ENOUGH });
            self.must("product", "update-product", &body).await;
        }
        for (user, _) in &self.customers {
            let body = json!({ "UserName": user, "Credit": format!("{ENOUGH}.00") });
            self.must("customer", "set-credit", &body).await;
        }
    }

    /// The manager decides about an entry of a service's inbox.
    pub(crate) async fn decide(&self, service: &str, call: &str, decision: &Value) {
        let answer = self.insist(service, call, &self.manager, decision).await;
        // 404: decided before.
        if let Some(answer) = answer.filter(|answer| !answer.status.is_success())
            && answer.status != StatusCode::NOT_FOUND
        {
            let wrong = format!("{call}: {} {}", answer.status, answer.body);
            self.told.borrow_mut().wrong.push(wrong);
        }
    }

    /// The manager has the model of an instance rebuilt, switched or dropped, if it is there and that fits; its generations if that was
    /// accepted.
    pub(crate) async fn ask_of_model(&self, instance: &str, call: &str) -> Option<Value> {
        let router = self.instances.borrow().get(instance)?.router.clone();
        let answer = ask(router, call, &self.manager, &self.key(), &json!({})).await;
        (answer.status == StatusCode::ACCEPTED).then_some(answer.body)
    }

    /// The manager changes a price, stock or credit.
    pub(crate) async fn manage(&self) {
        let product = self.dice.pick(&self.products);
        let (service, call, body) = match self.dice.within(0..5) {
            0 => (
                "product",
                "update-product",
                json!({ "ProductId": product, "Price": format!("{}.25", self.dice.within(1..5)) }),
            ),
            1 => (
                "product",
                "update-product",
                json!({ "ProductId": product, "UnitsChange": self.dice.within(1..20) }),
            ),
            2 => (
                "product",
                "update-product",
                json!({ "ProductId": product, "UnitsInStock": self.dice.within(0..100) }),
            ),
            3 => {
                let (user, _) = self.dice.pick(&self.customers);
                (
                    "customer",
                    "set-credit",
                    json!({ "UserName": user, "Credit": format!("{}.00", self.dice.within(0..300)) }),
                )
            }
            _ => {
                let (user, _) = self.dice.pick(&self.customers);
                ("customer", "set-credit", json!({ "UserName": user, "Change": "25.00" }))
            }
        };
        let Some(answer) = self.insist(service, call, &self.manager, &body).await else {
            return;
        };
        let mut told = self.told.borrow_mut();
        match answer.status {
            StatusCode::OK => told.positions.extend(answer.position),
            // Less than is reserved.
            StatusCode::UNPROCESSABLE_ENTITY => {}
            status => told.wrong.push(format!("{call}: {status} {}", answer.body)),
        }
    }

    /// A customer asks something of a guest.
    pub(crate) async fn visit(&self, guest: Guest) {
        let (_, token) = self.dice.pick(&self.customers);
        let (call, body) = (guest.asks)(&self.dice);
        let Some(answer) = self.insist(guest.module.name, call, token, &body).await else {
            return;
        };
        let mut told = self.told.borrow_mut();
        match answer.status {
            StatusCode::OK => told.positions.extend(answer.position),
            StatusCode::CONFLICT => {}
            status => told.wrong.push(format!("{call}: {status} {}", answer.body)),
        }
    }

    /// Sends a request, with a key of its own, until there is an answer or the time is up.
    async fn insist(&self, service: &str, call: &str, token: &str, body: &Value) -> Option<Answer> {
        let key = self.key();
        for _ in 0..TRIES {
            let router = self.router(service);
            if let Some(router) = router {
                let answer = ask(router, call, token, &key, body).await;
                // A token is not valid by a clock that is wrong.
                let try_again = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::UNAUTHORIZED];
                if !try_again.contains(&answer.status) {
                    return Some(answer);
                }
            }
            tokio::time::sleep(Duration::from_millis(self.dice.within(50..1500))).await;
        }
        None
    }

    /// A new idempotency key, which is also the id of its requests.
    fn key(&self) -> String {
        Uuid::from_bytes(self.dice.bytes()).to_string()
    }

    /// Any running instance of a service.
    fn router(&self, service: &str) -> Option<Router> {
        let instances = self.instances.borrow();
        let running: Vec<&Router> = instances
            .values()
            .filter(|instance| instance.service.name == service)
            .map(|instance| &instance.router)
            .collect();
        if running.is_empty() { None } else { Some((*self.dice.pick(&running)).clone()) }
    }
}

async fn ask(router: Router, call: &str, token: &str, key: &str, body: &Value) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("/{call}"))
        .header("content-type", "application/json")
        .header("x-request-id", key);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if !matches!(call, "add-user" | "login-user") {
        request = request.header("idempotency-key", key);
    }
    let client = std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let request = request
        .extension(ConnectInfo(client))
        .body(Body::from(body.to_string()))
        .expect("a request");
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let status = response.status();
    let position =
        response.headers().get(names::POSITION).and_then(|value| value.to_str().ok()?.parse().ok());
    let bytes = response
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    Answer { status, position, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

/// A field of an answer; null where it is missing.
fn field<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer.get(name).unwrap_or(&Value::Null)
}

fn id_of(value: &Value) -> Uuid {
    value.as_str().and_then(|text| Uuid::parse_str(text).ok()).expect("an id")
}
