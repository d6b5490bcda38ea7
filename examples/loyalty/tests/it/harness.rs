//! The real service over a real log, and short words for asking it something.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use contracts::{
    customer::{Personal, Registered},
    money::Money,
    order::{Finalized, OrderEvent, Terms},
};
use eventlog::{Options, OsFiles};
use http_body_util::BodyExt;
use identity::{Auth, Role, Signer};
use kernel::{
    Actor, Clock, Event, EventType, Expected, Ids, Metadata, NewEvent, Position, StreamId,
};
use runtime::{EventStore, Tasks, clock::SystemClock, event_store::Figures, sqlite::Location};
use serde_json::Value;
use store::{Append, Appended, LogStore, Memory};
use tower::ServiceExt;
use uuid::Uuid;
use web::{Deps, Service};

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(20);
pub(crate) const ADA: Uuid = Uuid::from_u128(1);
pub(crate) const EVE: Uuid = Uuid::from_u128(3);

/// A running service with its event store, in a folder that goes with it.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) store: EventStore,
    deps: Deps,
    signer: Signer,
    _folder: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl World {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let signer = Signer::from_secret([9; 32]);
        let auth = Auth::new(signer.verifier(), Arc::clone(&clock));
        let deps = Deps::new(runtime::Deps {
            clock,
            ids: Arc::new(Ids::from_seed([7; 32])),
            transport: Arc::new(Memory::new()),
            tasks: Tasks::new(),
            traces: runtime::Traces::default(),
        })
        .authenticated_by(auth)
        .of_service(loyalty::NAME);
        serve_store(&deps, folder.path()).await;
        let config = loyalty::Config {
            model: Location::File(folder.path().join("loyalty.db")),
            snapshots: Location::File(folder.path().join("snapshots.db")),
        };
        let service = loyalty::build(config, deps.clone()).expect("it starts");
        let ready = tokio::time::timeout(DEADLINE, service.wait_ready()).await;
        ready.expect("an empty log is soon read");
        let world = Self { service, store: deps.store(), deps, signer, _folder: folder };
        for (customer, user) in [(ADA, "ada"), (EVE, "eve")] {
            world.record(contracts::customer::stream(customer), &registered(customer, user)).await;
        }
        world
    }

    /// An order of a customer is finalized, over so many minor units.
    pub(crate) async fn finalized(&self, order: u128, customer: Uuid, total: i64) {
        let terms = Terms {
            order: Uuid::from_u128(order),
            customer,
            product: Uuid::from_u128(2),
            product_name: "Assam".to_owned(),
            quantity: 1,
            price: Money::from_minor(total),
            currency: "EUR".to_owned(),
        };
        let event: OrderEvent = Finalized { terms }.into();
        self.record(contracts::order::stream(Uuid::from_u128(order)), &event).await;
        self.settled().await;
    }

    pub(crate) async fn get(&self, role: Role, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", self.bearer(role));
        self.send(request.body(Body::empty())).await
    }

    pub(crate) async fn redeem(&self, key: &str, body: &Value) -> Answer {
        let request = Request::post("/redeem")
            .header("authorization", self.bearer(Role::Customer))
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_string()))).await
    }

    fn bearer(&self, role: Role) -> String {
        let (customer, user) = match role {
            Role::Customer => (ADA, "ada"),
            Role::Manager => (Uuid::from_u128(9), "admin"),
        };
        let now = (self.deps.clock.now(), &*self.deps.ids);
        format!("Bearer {}", self.signer.issue(customer, user, role, now).0)
    }

    async fn send(&self, request: axum::http::Result<Request<Body>>) -> Answer {
        let router: Router = self.service.router.clone();
        let response = router.oneshot(request.expect("a request")).await;
        let response = response.expect("a router always answers");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
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

fn registered(customer: Uuid, user: &str) -> contracts::customer::CustomerEvent {
    let personal = Personal { user: Some(user.to_owned()), full_name: None, email: None };
    Registered {
        customer,
        personal,
        password: String::new(),
        role: contracts::customer::Role::Customer,
        credit: Money::ZERO,
    }
    .into()
}

async fn serve_store(deps: &Deps, folder: &Path) {
    let dir = folder.join("log");
    std::fs::create_dir(&dir).expect("a folder for the log");
    let store = LogStore::open(&dir, Arc::new(OsFiles), Options::new([3; 16]));
    let LogStore { writer, reader, .. } = store.expect("an empty folder opens");
    runtime::event_store::serve(deps, writer, reader, Figures::default()).await;
}
