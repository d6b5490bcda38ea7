//! The real service over a real event store in a folder of its own, called through its router; what the other services
//! would record, the tests record.

mod others;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Response, StatusCode},
};
use http_body_util::BodyExt;
use identity::{Auth, Signer};
use kernel::{
    Actor, Clock, Event, EventType, Expected, Ids, Metadata, NewEvent, Position, Recorded,
    StreamId, Timestamp,
};
use order::{Config, Location};
use runtime::event_store::Figures;
use runtime::{EventStore, Tasks, clock::RuntimeClock};
use serde_json::{Value, json, value::RawValue};
use store::LogStore;
use store::Read;
use tower::ServiceExt;
use uuid::Uuid;
use web::{Deps, HttpNames, Service};

/// Where the tests' time begins: 2026-01-01.
const EPOCH_US: i64 = 1_767_225_600_000_000;

/// A shop with nothing but its order service.
pub(crate) struct Shop {
    pub(crate) deps: Deps,
    pub(crate) service: Service,
    signer: Signer,
    folder: Arc<tempfile::TempDir>,
    clock: Arc<Hands>,
}

/// The runtime's clock, with a time of day that can be set wrong.
struct Hands {
    clock: RuntimeClock,
    ahead_us: AtomicI64,
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_us.load(Ordering::Relaxed);
        Timestamp::from_micros(self.clock.now().micros() + ahead)
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

/// A user with a token.
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) position: Option<u64>,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// A new shop, its settings changed by `change`.
    pub(crate) async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = RuntimeClock::starting_at(Timestamp::from_micros(EPOCH_US));
        Self::open_in(Arc::new(tempfile::tempdir().expect("a folder")), clock, change).await
    }

    /// The same shop after a restart.
    pub(crate) async fn reopen(self) -> Self {
        assert!(self.deps.tasks.shutdown().await, "all tasks end by themselves");
        assert!(!self.deps.tasks.failed(), "no task panicked");
        let Self { folder, deps, .. } = self;
        let clock = RuntimeClock::starting_at(deps.clock.now());
        drop(deps);
        Self::open_in(folder, clock, |_| {}).await
    }

    async fn open_in(
        folder: Arc<tempfile::TempDir>,
        clock: RuntimeClock,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let signer = Signer::from_secret([9; 32]);
        let clock = Arc::new(Hands { clock, ahead_us: AtomicI64::new(0) });
        let deps = deps(&signer, Arc::clone(&clock));
        let options =
            eventlog::Options { segment_bytes: 1 << 20, ..eventlog::Options::new([7; 16]) };
        let store =
            LogStore::open(&folder.path().join("log"), Arc::new(eventlog::OsFiles), options);
        let store = store.expect("a log");
        runtime::event_store::serve(&deps, store.writer, store.reader, Figures::default()).await;
        let service = instance(&deps, (folder.path(), "a"), change).await;
        Self { deps, service, signer, folder, clock }
    }

    /// Sets the clock so far ahead of the right time; negative: behind it.
    pub(crate) fn set_clock_ahead(&self, seconds: i64) {
        self.clock.ahead_us.store(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// One more instance of the service beside the first, with a read model of its own.
    pub(crate) async fn second_instance(&self) -> Service {
        instance(&self.deps, (self.folder.path(), "b"), |_| {}).await
    }

    pub(crate) fn store(&self) -> EventStore {
        self.deps.store()
    }

    /// Records an event at the end of any stream, and waits until the service has dealt with it.
    pub(crate) async fn record(&self, stream: StreamId, event: impl Event) -> Position {
        let actor = Actor::reactor(stream.category());
        let metadata = Metadata::of(actor, self.deps.ids.uuid(self.deps.clock.now()));
        self.record_with(stream, (event.kind(), event.encode()), metadata).await
    }

    /// The same with an event of any kind, and with what is recorded beside it.
    pub(crate) async fn record_with(
        &self,
        stream: StreamId,
        event: (&str, Box<RawValue>),
        metadata: Metadata,
    ) -> Position {
        let (kind, data) = event;
        let last = self.store().last(&stream).await.map(|event| event.version);
        let event = NewEvent {
            id: self.deps.ids.event_id(self.deps.clock.now()),
            kind: EventType::parse(kind).expect("a type"),
            schema: 1,
            metadata,
            data,
        };
        let expected = Expected::after(last);
        let append = store::Append { stream, expected, events: vec![event].into() };
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
                follower.wait_for(head, Duration::from_secs(30)).await.expect("it follows");
            }
            if self.store().head().await == head {
                return;
            }
        }
    }

    /// The whole log.
    pub(crate) async fn events(&self) -> Vec<Arc<Recorded>> {
        self.store().read(Read::All { from: Position(1), categories: Vec::new() }).await.events
    }

    /// How often an order's stream has an event of that type.
    pub(crate) async fn count(&self, order: Uuid, kind: &str) -> usize {
        let stream = self.store().read_stream(&contracts::order::stream(order), None).await;
        let events = stream.expect("a stream");
        events.iter().filter(|event| event.kind.as_str() == kind).count()
    }
}

/// What clients ask.
impl Shop {
    pub(crate) async fn get(&self, path: &str, person: &Person) -> Answer {
        self.send(Method::GET, path, (Some(person), &[]), None).await
    }

    pub(crate) async fn post(&self, path: &str, person: &Person, body: Value) -> Answer {
        self.send(Method::POST, path, (Some(person), &[]), Some(body)).await
    }

    pub(crate) async fn keyed(&self, path: &str, person: &Person, call: (&str, Value)) -> Answer {
        let (key, body) = call;
        let headers = [("idempotency-key", key)];
        self.send(Method::POST, path, (Some(person), &headers), Some(body)).await
    }

    /// Places an order of one piece and gives it as it was answered.
    pub(crate) async fn place(&self, person: &Person, product: Uuid) -> Value {
        let answer = self.post("/place-order", person, json!({ "ProductId": product })).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        self.settle().await;
        answer.body
    }

    /// The order as it stands.
    pub(crate) async fn single(&self, person: &Person, order: Uuid) -> Value {
        let answer = self.get(&format!("/get-orders?Type=Single&Id={order}"), person).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["Items"][0].clone()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        (person, headers): (Option<&Person>, &[(&str, &str)]),
        body: Option<Value>,
    ) -> Answer {
        let response = self.stream(method, path, (person, headers), body).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let position = parts
            .headers
            .get(HttpNames::default().position())
            .and_then(|value| value.to_str().ok());
        Answer {
            status: parts.status,
            position: position.and_then(|text| text.parse().ok()),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            headers: parts.headers,
        }
    }

    /// An answer that is not read yet.
    pub(crate) async fn stream(
        &self,
        method: Method,
        path: &str,
        (person, headers): (Option<&Person>, &[(&str, &str)]),
        body: Option<Value>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(person) = person {
            request = request.header("authorization", format!("Bearer {}", person.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let router = self.service.router.clone();
        router.oneshot(request.body(body).expect("a request")).await.expect("routers answer")
    }
}

impl Answer {
    /// The fields that a 422 names.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| error["field"].as_str()).collect()
    }
}

pub(crate) fn id_of(order: &Value) -> Uuid {
    Uuid::parse_str(order["OrderId"].as_str().expect("an id")).expect("a UUID")
}

fn deps(signer: &Signer, clock: Arc<Hands>) -> Deps {
    let ids = Arc::new(Ids::from_seed([5; 32]));
    let auth = Auth::new(signer.verifier(), clock.clone());
    let tasks = Tasks::inline();
    let shutdown = tasks.stop_token();
    let base = runtime::Deps {
        clock,
        ids,
        transport: Arc::new(store::Memory::new()),
        tasks,
        traces: runtime::Traces::default(),
    };
    let mut deps = Deps::new(base).authenticated_by(auth);
    deps.http.shutdown = shutdown;
    deps.of_service("order")
}

async fn instance(
    deps: &Deps,
    (folder, name): (&std::path::Path, &str),
    change: impl FnOnce(&mut Config),
) -> Service {
    let file = |kind| Location::File(folder.join(format!("{name}-{kind}.db")));
    let mut config = Config::new(file("model"), file("snapshots"));
    change(&mut config);
    let service = order::build(config, deps.clone()).await.expect("it opens");
    service.wait_ready().await;
    service
}
