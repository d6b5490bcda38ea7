//! The event store stopped under running services: reads and log-ins still work, writes fail soon, and no service needs a restart.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::RETRY_AFTER},
};
use contracts::money::{Currency, Money};
use customer::{Cost, Limits, NewPassword, Secrets};
use http_body_util::BodyExt as _;
use identity::Auth;
use kernel::Ids;
use runtime::event_store::Figures;
use runtime::{Tasks, clock::SystemClock, sqlite::Location};
use serde_json::{Value, json};
use store::LogStore;
use store::Memory;
use tower::ServiceExt as _;
use web::ServiceDeps;

use crate::shop::PASSWORD;

fn deps(secrets: &Secrets) -> ServiceDeps {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(Ids::from_seed([4; 32])));
    let auth = Auth::new(secrets.verifier(), clock.clone());
    ServiceDeps::new(runtime::Deps {
        clock,
        ids,
        transport: Arc::new(Memory::new()),
        tasks: Tasks::new(),
        traces: runtime::Traces::default(),
        budget: runtime::Budget::default(),
        schemas: runtime::Schemas::default(),
    })
    .authenticated_by(auth)
}

/// Opens the log and serves it, until its own tasks are stopped.
async fn serve_store(deps: &ServiceDeps, folder: &Path) -> Tasks {
    let tasks = deps.tasks.child();
    let options = eventlog::Options::new([5; 16]);
    let log = folder.join("log");
    let store = LogStore::open(&log, Arc::new(eventlog::OsFiles), options).expect("a whole log");
    let deps = runtime::Deps { tasks: tasks.clone(), ..deps.base.clone() };
    runtime::event_store::serve(&deps, store.writer, store.reader, Figures::default()).await;
    tasks
}

async fn customers(deps: &ServiceDeps, secrets: Arc<Secrets>) -> Router {
    let memory = |name: &str| Location::Memory(format!("absent-{name}"));
    let auth = Auth::new(secrets.verifier(), Arc::clone(&deps.clock));
    let config = customer::Config {
        model: memory("customer").into(),
        snapshots: memory("customer-snapshots"),
        secrets,
        auth,
        admin_password: NewPassword::parse(PASSWORD.to_owned()).ok(),
        welcome_credit: Money::from_minor(10_000),
        hashing: Cost::TINY,
        limits: Limits::default(),
    };
    let (service, admin) = customer::build(config, deps.clone()).await.expect("a model");
    admin.outcome().await.expect("the store answers");
    service.wait_ready().await;
    service.router
}

async fn products(deps: &ServiceDeps) -> Router {
    let memory = |name: &str| Location::Memory(format!("absent-{name}"));
    let currency = Currency::parse("EUR").expect("a code");
    let (model, snapshots) = (memory("product"), memory("product-snapshots"));
    let config = product::Config { model, snapshots, currency };
    let service = product::build(config, deps.clone()).await.expect("a model");
    service.wait_ready().await;
    service.router
}

/// A client with a token.
struct Client<'a>(&'a Router, &'a str);

impl Client<'_> {
    async fn get(&self, path: &str) -> Value {
        let answer = self.send(Request::get(path), Body::empty()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        body(answer).await
    }

    async fn post(&self, path: &str, value: &Value) -> axum::http::Response<Body> {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request, Body::from(value.to_string())).await
    }

    async fn send(
        &self,
        request: axum::http::request::Builder,
        body: Body,
    ) -> axum::http::Response<Body> {
        let Self(router, token) = self;
        let request = match *token {
            "" => request,
            token => request.header("authorization", format!("Bearer {token}")),
        };
        let request = request.body(body).expect("a request");
        (*router).clone().oneshot(request).await.expect("a router always answers")
    }
}

async fn body(answer: axum::http::Response<Body>) -> Value {
    let bytes = answer.into_body().collect().await.expect("a whole answer").to_bytes();
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn without_the_event_store_reading_goes_on_and_writing_recovers_by_itself() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let secrets = Arc::new(Secrets::derive(&[6; 32]));
    let deps = deps(&secrets);
    let store = serve_store(&deps, folder.path()).await;
    let customers = customers(&deps, secrets).await;
    let products = products(&deps).await;
    let login = json!({ "UserName": "admin", "Password": PASSWORD });
    let session = body(Client(&customers, "").post("/login-user", &login).await).await;
    let manager = Client(&products, session["Token"].as_str().expect("a token"));
    let category = body(manager.post("/add-new-category", &json!({ "Name": "Lamps" })).await).await;
    let category = category["CategoryId"].as_str().expect("an id");
    let lamp = crate::shop::product("lamp", category, ("9.99", 3));
    let lamp = body(manager.post("/add-new-product", &lamp).await).await;
    let change = json!({ "ProductId": lamp["ProductId"], "UnitsChange": 1 });

    store.kill().await;
    let mut soonest = Duration::MAX;
    for _ in 0..3 {
        let before = tokio::time::Instant::now();
        let refused = manager.post("/update-product", &change).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        soonest = soonest.min(before.elapsed());
        assert!(refused.headers().contains_key(RETRY_AFTER));
        let listed = manager.get("/get-all-products").await;
        assert_eq!(listed["Items"][0]["Name"], "lamp");
        let session = Client(&customers, "").post("/login-user", &login).await;
        assert_eq!(session.status(), StatusCode::OK);
    }

    // The soonest, and some more than the 2 s that are promised: a busy machine may hold all of them up.
    assert!(soonest <= Duration::from_secs(6), "{soonest:?}");

    serve_store(&deps, folder.path()).await;
    let name = json!({ "ProductId": lamp["ProductId"], "Name": "Desk lamp" });
    let changed = manager.post("/update-product", &name).await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(body(changed).await["Name"], "Desk lamp");
    let user = Client(&customers, manager.1).get("/get-user/admin").await;
    assert_eq!(user["UserName"], "admin");
    assert!(deps.tasks.shutdown().await && !deps.tasks.failed());
}
