//! The real service over a real event store in a folder of its own, called through its router.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode},
};
use contracts::money::Money;
use contracts::order::{Denied, Finalized, OrderEvent, Placed, Reason, Terms};
use customer::{Admin, Config, Cost, Location, NewPassword, Secrets};
use http_body_util::BodyExt;
use identity::Auth;
use kernel::{
    Actor, Clock, Event, EventType, Expected, Ids, Metadata, NewEvent, Position, Recorded,
    Timestamp,
};
use runtime::event_store::Figures;
use runtime::{EventStore, Tasks, clock::RuntimeClock};
use serde_json::Value;
use store::LogStore;
use store::Read;
use tower::ServiceExt;
use uuid::Uuid;
use web::{Deps, HttpNames, Service};

pub(crate) const ADMIN_PASSWORD: &str = "admin's own password";
/// Where the tests' time begins: 2026-01-01.
const EPOCH_US: i64 = 1_767_225_600_000_000;

/// A shop with nothing but its customer service.
pub(crate) struct Shop {
    pub(crate) deps: Deps,
    pub(crate) auth: Auth,
    pub(crate) service: Service,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) admin: Admin,
    /// The shop's clock, which can be set.
    pub(crate) hands: Arc<Hands>,
    folder: Arc<tempfile::TempDir>,
}

/// The runtime's clock with a time of day that can be set.
pub(crate) struct Hands(RuntimeClock, AtomicI64);

impl Hands {
    /// Sets the clock so far ahead; back if negative.
    pub(crate) fn set_ahead(&self, hours: i64) {
        self.1.fetch_add(hours * 3_600_000_000, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now().micros() + self.1.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) position: Option<u64>,
    pub(crate) body: Value,
    pub(crate) headers: axum::http::HeaderMap,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// A new shop, its settings changed by `change`.
    pub(crate) async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::open_in(new_folder(), (epoch(), Tasks::inline()), change).await
    }

    /// A new shop with another secret.
    pub(crate) async fn open_with_secret(secret: [u8; 32]) -> Self {
        let secrets = Arc::new(Secrets::derive(&secret));
        Self::open_as(secrets, new_folder(), (epoch(), Tasks::inline()), |_| {}).await
    }

    /// A new shop in which what blocks has threads of its own, so that requests meet.
    pub(crate) async fn open_with_threads() -> Self {
        Self::open_in(new_folder(), (epoch(), Tasks::new()), |_| {}).await
    }

    /// The same shop after a restart.
    pub(crate) async fn reopen_with(self, change: impl FnOnce(&mut Config)) -> Self {
        assert!(self.deps.tasks.shutdown().await, "all tasks end by themselves");
        assert!(!self.deps.tasks.failed(), "no task panicked");
        let Self { folder, deps, service, .. } = self;
        let clock = RuntimeClock::starting_at(deps.clock.now());
        drop((deps, service));
        Self::open_in(folder, (clock, Tasks::inline()), change).await
    }

    async fn open_in(
        folder: Arc<tempfile::TempDir>,
        (clock, tasks): (RuntimeClock, Tasks),
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let secrets = Arc::new(Secrets::derive(&[7; 32]));
        Self::open_as(secrets, folder, (clock, tasks), change).await
    }

    async fn open_as(
        secrets: Arc<Secrets>,
        folder: Arc<tempfile::TempDir>,
        (clock, tasks): (RuntimeClock, Tasks),
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let hands = Arc::new(Hands(clock, AtomicI64::new(0)));
        let (deps, auth) = deps(&secrets, (Arc::clone(&hands), tasks));
        serve_store(&deps, folder.path()).await;
        let config = config(folder.path(), "a", (&secrets, auth.clone()));
        let (service, admin) = instance(&deps, config, change).await;
        Self { deps, auth, service, secrets, admin, hands, folder }
    }

    /// One more instance of the service beside the first, with a read model of its own.
    pub(crate) async fn second_instance(&self) -> Service {
        let config = config(self.folder.path(), "b", (&self.secrets, self.auth.clone()));
        instance(&self.deps, config, |_| {}).await.0
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn store(&self) -> EventStore {
        self.deps.store()
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(Method::GET, path, (token, &[]), None).await
    }

    pub(crate) async fn keyed(
        &self,
        path: &str,
        token: &str,
        (key, body): (&str, Value),
    ) -> Answer {
        let headers = [("idempotency-key", key)];
        self.send(Method::POST, path, (Some(token), &headers), Some(body.to_string())).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        self.send(Method::POST, path, (token, &[]), Some(body.to_string())).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        (token, headers): (Option<&str>, &[(&str, &str)]),
        body: Option<String>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from));
        let router = self.service.router.clone();
        let answer = router.oneshot(request.expect("a request")).await;
        read(answer.expect("a router always answers")).await
    }

    /// Registers a customer (password `NAME's password`) and logs in.
    pub(crate) async fn customer(&self, name: &str) -> String {
        let added = self.post("/add-user", None, registration(name)).await;
        assert_eq!(added.status, 201, "{added:?}");
        self.log_in(name, &password(name)).await
    }

    pub(crate) async fn manager(&self) -> String {
        self.log_in("admin", ADMIN_PASSWORD).await
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> String {
        let answer = self.try_log_in(name, password).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["Token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn try_log_in(&self, name: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "UserName": name, "Password": password });
        self.post("/login-user", None, body).await
    }

    /// Records an event of an order, as the order service would, and waits until all have dealt with it.
    pub(crate) async fn record(&self, event: OrderEvent) -> Position {
        let terms = match &event {
            OrderEvent::Placed(Placed { terms, .. })
            | OrderEvent::Approved(terms)
            | OrderEvent::Finalized(Finalized { terms })
            | OrderEvent::Denied(Denied { terms, .. }) => terms,
        };
        let stream = contracts::order::stream(terms.order);
        let last = self.store().last(&stream).await.map(|event| event.version);
        let now = self.deps.clock.now();
        let event = NewEvent {
            id: self.deps.ids.event_id(now),
            kind: EventType::parse(event.kind()).expect("a type"),
            schema: event.schema(),
            metadata: Metadata::of(Actor::reactor("test"), self.deps.ids.uuid(now)),
            data: event.encode(),
        };
        self.append(store::Append {
            stream,
            expected: Expected::after(last),
            events: vec![event].into(),
        })
        .await
    }

    /// Has something recorded that the service itself would not record.
    pub(crate) async fn append(&self, append: store::Append) -> Position {
        let store::Appended::Recorded { last, .. } = self.store().append(append).await else {
            panic!("the event is not recorded");
        };
        self.settle().await;
        last
    }

    /// Waits until everything recorded has been reacted to and projected.
    pub(crate) async fn settle(&self) {
        loop {
            let head = self.store().head().await;
            for follower in &self.service.followers {
                let patience = std::time::Duration::from_secs(30);
                follower.wait_for(head, patience).await.expect("it follows");
            }
            if self.store().head().await == head {
                return;
            }
        }
    }

    /// Waits until another instance has dealt with everything recorded.
    pub(crate) async fn settle_also(&self, other: &Service) {
        self.settle().await;
        let head = self.store().head().await;
        for follower in &other.followers {
            let patience = std::time::Duration::from_secs(30);
            follower.wait_for(head, patience).await.expect("it follows");
        }
    }

    /// The types of a customer's events.
    pub(crate) async fn kinds(&self, user: &str) -> Vec<String> {
        let stream = contracts::customer::stream(self.secrets.customer_id(user));
        let events = self.store().read_stream(&stream, None).await.expect("a stream");
        events.iter().map(|event| event.kind.as_str().to_owned()).collect()
    }

    /// The whole log.
    pub(crate) async fn events(&self) -> Vec<Arc<Recorded>> {
        self.store().read(Read::All { from: Position(1), categories: Vec::new() }).await.events
    }

    pub(crate) fn order(&self, user: &str, price_minor: i64) -> Terms {
        let now = self.deps.clock.now();
        Terms {
            order: self.deps.ids.uuid(now),
            customer: self.secrets.customer_id(user),
            product: Uuid::from_u128(1),
            product_name: "Lamp".to_owned(),
            quantity: 1,
            price: Money::from_minor(price_minor),
            currency: "EUR".to_owned(),
        }
    }

    pub(crate) async fn place(&self, terms: &Terms) -> Position {
        let deadline = self.deps.clock.now() + std::time::Duration::from_secs(10);
        self.record(Placed { terms: terms.clone(), deadline }.into()).await
    }

    pub(crate) async fn finalize(&self, terms: &Terms) -> Position {
        self.record(Finalized { terms: terms.clone() }.into()).await
    }

    pub(crate) async fn deny(&self, terms: &Terms) -> Position {
        let reasons = vec![Reason::OutOfStock];
        self.record(Denied { terms: terms.clone(), reasons }.into()).await
    }
}

pub(crate) fn registration(name: &str) -> Value {
    serde_json::json!({
        "UserName": name,
        "Password": password(name),
        "FullName": format!("{name} of Test"),
        "Email": format!("{name}@example.com"),
    })
}

pub(crate) fn password(name: &str) -> String {
    format!("{name}'s password")
}

impl Answer {
    /// The fields that a 422 names.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| error["field"].as_str()).collect()
    }
}

async fn read(answer: Response<Body>) -> Answer {
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let position =
        parts.headers.get(HttpNames::default().position()).and_then(|value| value.to_str().ok());
    Answer {
        status: parts.status,
        position: position.and_then(|text| text.parse().ok()),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        headers: parts.headers,
    }
}

fn deps(secrets: &Secrets, (clock, tasks): (Arc<Hands>, Tasks)) -> (Deps, Auth) {
    let ids = Arc::new(Ids::from_seed([5; 32]));
    let auth = Auth::new(secrets.verifier(), clock.clone());
    let deps = Deps::new(runtime::Deps {
        clock,
        ids,
        transport: Arc::new(store::Memory::new()),
        tasks,
        traces: runtime::Traces::default(),
    })
    .authenticated_by(auth.clone());
    (deps, auth)
}

fn new_folder() -> Arc<tempfile::TempDir> {
    Arc::new(tempfile::tempdir().expect("a folder"))
}

fn epoch() -> RuntimeClock {
    RuntimeClock::starting_at(Timestamp::from_micros(EPOCH_US))
}

fn config(folder: &std::path::Path, name: &str, (secrets, auth): (&Arc<Secrets>, Auth)) -> Config {
    let file = |kind| Location::File(folder.join(format!("{name}-{kind}.db")));
    let config = Config::new(file("model"), file("snapshots"), Arc::clone(secrets), auth);
    let admin_password = NewPassword::parse(ADMIN_PASSWORD.to_owned()).ok();
    Config { hashing: Cost::TINY, admin_password, ..config }
}

async fn instance(
    deps: &Deps,
    mut config: Config,
    change: impl FnOnce(&mut Config),
) -> (Service, Admin) {
    change(&mut config);
    let (service, bootstrap) = customer::build(config, deps.clone()).await.expect("it opens");
    let admin = bootstrap.outcome().await.expect("the service runs");
    if !matches!(admin, Admin::Refused) {
        service.wait_ready().await;
    }
    (service, admin)
}

async fn serve_store(deps: &Deps, folder: &std::path::Path) {
    let options = eventlog::Options { segment_bytes: 1 << 20, ..eventlog::Options::new([7; 16]) };
    let store = LogStore::open(&folder.join("log"), Arc::new(eventlog::OsFiles), options);
    let store = store.expect("a log");
    runtime::event_store::serve(deps, store.writer, store.reader, Figures::default()).await;
}
