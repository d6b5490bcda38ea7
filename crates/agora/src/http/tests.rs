//! What a system serves beside the program's routes, and to whom.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::StatusCode,
    routing::{any, get, post},
};
use eventlog::simdisk::SimDisk;
use kernel::events;
use tower::ServiceExt as _;

use super::HttpRequest;
use crate::{Changes, Environment, Happened, Models, Schema, Settings, System};

events! { CounterEvent { Raised {} = "counter.raised" @ 1 } }

const TABLES: Schema = Schema::new(1, "CREATE TABLE sum (of BIGINT)");

async fn system(models: &str) -> System {
    let files = Arc::new(SimDisk::new(1));
    let environment = Environment { files, ..Environment::real().expect("it is there") };
    let models = Models::Memory(models.to_owned());
    let settings = Settings { models, ..Settings::new("counters") };
    let system = System::start(settings, environment).await.expect("it starts");
    project(&system).await.expect("a read model");
    system
}

async fn project(system: &System) -> anyhow::Result<()> {
    let nothing = |_: &Happened<CounterEvent>, _: &mut Changes| {};
    system.project("sums", TABLES, nothing).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_the_system_serves_itself_is_an_error_that_names_it() {
    let system = system("taken").await;
    for path in [
        "/",
        "/health/ready",
        "/inbox",
        "/metrics",
        "/models/sums/rebuild-model",
        "/openapi.json",
        "/skip-event",
    ] {
        for route in [get(async || ()), post(async || ()), any(async || ())] {
            let routes = Router::new().route(path, route).route("/counters", get(async || ()));
            let error = system.service(routes).expect_err(path).to_string();
            assert!(error.contains(&format!("a route {path}, ")), "{error}");
        }
        let nested = Router::new().route_service(path, get(async || ()));
        assert!(system.service(nested).is_err(), "{path}");
    }
    let beside = Router::new().route("/{name}", get(async || "mine")).fallback(async || "nothing");
    let router = system.service(beside).expect("the path is another one").router;
    assert_eq!(ask(&router, "127.0.0.1:5", "/other", None).await, StatusCode::OK);
    assert_eq!(ask(&router, "127.0.0.1:5", "/inbox", None).await, StatusCode::OK);
    let error = project(&system).await.expect_err("the name is taken").to_string();
    assert!(error.contains("two read models called sums"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_authentication_only_this_machine_operates_the_system() {
    let system = system("local").await;
    let routes = Router::new().route("/counters", get(async || ()));
    let router = system.service(routes).expect("no path is taken").router;
    for (peer, proxied, status) in [
        ("127.0.0.1:5", None, StatusCode::OK),
        ("[::1]:5", None, StatusCode::OK),
        ("192.0.2.1:5", None, StatusCode::FORBIDDEN),
        ("192.0.2.1:5", Some("127.0.0.1"), StatusCode::FORBIDDEN),
        ("127.0.0.1:5", Some("192.0.2.1"), StatusCode::FORBIDDEN),
        ("127.0.0.1:5", Some("unknown"), StatusCode::FORBIDDEN),
    ] {
        for path in ["/inbox", "/models/sums/model-generations"] {
            let answered = ask(&router, peer, path, proxied).await;
            assert_eq!(answered, status, "{path} for {peer} by way of {proxied:?}");
        }
        assert_eq!(ask(&router, peer, "/counters", proxied).await, StatusCode::OK);
    }
}

async fn ask(router: &Router, peer: &str, path: &str, proxied: Option<&str>) -> StatusCode {
    let peer: SocketAddr = peer.parse().expect("an address");
    let mut request = HttpRequest::get(path).extension(ConnectInfo(peer));
    if let Some(client) = proxied {
        request = request.header("x-forwarded-for", client);
    }
    let request = request.body(Body::empty()).expect("a request");
    router.clone().oneshot(request).await.expect("an answer").status()
}
