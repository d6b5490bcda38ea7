//! The real service over a real log, with helpers for requests.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use contracts::money::{Currency, Money};
use contracts::order::{Denied, Finalized, OrderEvent, Placed, Reason, Terms};
use eventlog::{Options, OsFiles};
use http_body_util::BodyExt;
use identity::{Auth, Role, Signer};
use kernel::{
    Actor, Clock, Event, EventType, Expected, Ids, Metadata, NewEvent, Position, StreamId,
};
use runtime::event_store::Figures;
use runtime::{EventStore, Tasks, clock::SystemClock, sqlite::Location};
use serde_json::{Value, json};
use store::LogStore;
use store::{Append, Appended, Memory};
use tower::ServiceExt;
use uuid::Uuid;
use web::{Deps, Service};

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(20);

/// A running service with its event store, in a folder that goes with it.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) store: EventStore,
    pub(crate) deps: Deps,
    /// The category of teas, in a world that has one.
    pub(crate) tea: Uuid,
    signer: Signer,
    _folder: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) position: Option<u64>,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

/// A request on its way.
pub(crate) struct Ask<'a> {
    world: &'a World,
    request: axum::http::request::Builder,
    body: Body,
}

impl World {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Arc::new(Ids::from_seed([7; 32]));
        let signer = Signer::from_secret([9; 32]);
        let auth = Auth::new(signer.verifier(), Arc::clone(&clock));
        let deps = Deps::new(runtime::Deps {
            clock,
            ids,
            transport: Arc::new(Memory::new()),
            tasks: Tasks::new(),
            traces: runtime::Traces::default(),
        })
        .authenticated_by(auth)
        .of_service(product::NAME);
        serve_store(&deps, folder.path()).await;
        let service = product::build(config(folder.path()), deps.clone()).expect("it starts");
        let ready = tokio::time::timeout(DEADLINE, service.wait_ready()).await;
        ready.expect("an empty log is soon read");
        Self { service, store: deps.store(), deps, tea: Uuid::nil(), signer, _folder: folder }
    }

    /// A world with a category.
    pub(crate) async fn with_tea() -> Self {
        let mut world = Self::start().await;
        let tea = world.post("/add-new-category", json!({"Name": "Tea"})).await.expect(201);
        world.tea = tea["CategoryId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        world
    }

    /// The request that adds a tea at 3.50.
    pub(crate) fn new_product(&self, code: &str, name: &str, units: i64) -> Value {
        json!({
            "Code": code, "Name": name, "Description": "Loose leaves", "Supplier": "Teehaus Li",
            "CategoryId": self.tea, "Price": "3.50", "UnitsInStock": units,
        })
    }

    /// A tea at 3.50.
    pub(crate) async fn product(&self, code: &str, name: &str, units: i64) -> Value {
        self.post("/add-new-product", self.new_product(code, name, units)).await.expect(201)
    }

    /// An order is placed for so many pieces at the product's price.
    pub(crate) async fn order(&self, number: u128, product: &Value, quantity: u32) {
        let deadline = self.deps.clock.now() + Duration::from_mins(1);
        let placed = Placed { terms: terms(number, product, quantity), deadline };
        self.record_order(number, placed.into()).await;
    }

    pub(crate) async fn finalize(&self, number: u128, product: &Value, quantity: u32) {
        let terms = terms(number, product, quantity);
        self.record_order(number, Finalized { terms }.into()).await;
    }

    pub(crate) async fn deny(&self, number: u128, product: &Value, quantity: u32, reason: Reason) {
        let denied = Denied { terms: terms(number, product, quantity), reasons: vec![reason] };
        self.record_order(number, denied.into()).await;
    }

    async fn record_order(&self, number: u128, event: OrderEvent) {
        self.record(contracts::order::stream(Uuid::from_u128(number)), &event).await;
    }

    pub(crate) fn token(&self, role: Role) -> String {
        let (customer, user) = match role {
            Role::Customer => (Uuid::from_u128(1), "ada"),
            Role::Manager => (Uuid::from_u128(2), "admin"),
        };
        self.signer.issue(customer, user, role, (self.deps.clock.now(), &self.deps.ids)).0
    }

    /// A GET without a token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    /// A POST by a manager.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask_post(path, &body).await
    }

    pub(crate) async fn ask_post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).manager().json(body).send().await
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let request = axum::http::Request::builder().method(method).uri(path);
        Ask { world: self, request, body: Body::empty() }
    }

    /// Records an event as another service would.
    pub(crate) async fn record(&self, stream: StreamId, event: &impl Event) -> Position {
        let now = self.deps.clock.now();
        let last = self.store.last(&stream).await;
        let event = NewEvent {
            id: self.deps.ids.event_id(now),
            kind: EventType::parse(event.kind()).expect("a type's name"),
            schema: event.schema(),
            metadata: Metadata::of(Actor::anonymous(), self.deps.ids.uuid(now)),
            data: event.encode(),
        };
        let expected = Expected::after(last.map(|last| last.version));
        match self.store.append(Append { stream, expected, events: Arc::from(vec![event]) }).await {
            Appended::Recorded { last, .. } => last,
            other => panic!("not recorded: {other:?}"),
        }
    }

    /// Waits until projector and reactor have dealt with everything there is, reactions included.
    pub(crate) async fn settled(&self) {
        let settled = async {
            loop {
                let head = self.store.head().await;
                for follower in &self.service.followers {
                    follower.wait_for(head, DEADLINE).await.expect("it catches up");
                }
                if self.store.head().await == head {
                    return;
                }
            }
        };
        tokio::time::timeout(DEADLINE, settled).await.expect("it comes to rest");
    }
}

impl Ask<'_> {
    pub(crate) fn manager(self) -> Self {
        self.role(Role::Manager)
    }

    pub(crate) fn customer(self) -> Self {
        self.role(Role::Customer)
    }

    fn role(self, role: Role) -> Self {
        let token = format!("Bearer {}", self.world.token(role));
        self.header("authorization", &token)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw(body.to_string().into_bytes()).header("content-type", "application/json")
    }

    pub(crate) fn raw(mut self, body: Vec<u8>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.request.body(self.body).expect("a request");
        let router: Router = self.world.service.router.clone();
        let response = router.oneshot(request).await.expect("a router always answers");
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().expect("ASCII").to_owned())
        };
        let (status, etag) = (response.status().as_u16(), header("etag"));
        let position = header(web::HttpNames::default().position().as_str())
            .map(|text| text.parse().expect("a number"));
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, position, etag, body }
    }
}

impl Answer {
    /// The body, of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.deps.tasks.stop();
    }
}

fn terms(number: u128, product: &Value, quantity: u32) -> Terms {
    let price = product["Price"].as_f64().expect("a price");
    Terms {
        order: Uuid::from_u128(number),
        customer: Uuid::from_u128(1),
        product: product["ProductId"].as_str().and_then(|id| id.parse().ok()).expect("an id"),
        product_name: "As ordered".to_owned(),
        quantity,
        price: Money::parse(&price.to_string()).expect("an amount"),
        currency: "EUR".to_owned(),
    }
}

pub(crate) fn config(folder: &Path) -> product::Config {
    product::Config {
        model: Location::File(folder.join("product.db")),
        snapshots: Location::File(folder.join("snapshots.db")),
        currency: Currency::parse("EUR").expect("a currency"),
    }
}

async fn serve_store(deps: &Deps, folder: &Path) {
    let dir = folder.join("log");
    std::fs::create_dir(&dir).expect("a folder for the log");
    let store = LogStore::open(&dir, Arc::new(OsFiles), Options::new([3; 16]));
    let LogStore { writer, reader, .. } = store.expect("an empty folder opens");
    runtime::event_store::serve(deps, writer, reader, Figures::default()).await;
}
