//! A gateway, services behind it, and a client before it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::request::Builder,
    response::Response,
    routing::{any, get},
};
use gateway::{Expected, Gateway};
use http_body_util::BodyExt;
use identity::{Auth, Caller, Holder, Role, Signer};
use kernel::{Clock, Ids, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Address, Announcement, Balance, Lag, Memory};
use testkit::{Answer, ModelAt, TestClock};
use tokio::{net::TcpListener, task::JoinSet};
use tower::ServiceExt;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use web::{Api, HttpConfig, HttpNames, Json, metrics::HttpMetrics, serve};

/// A gateway and what stands behind it.
pub(crate) struct Shop {
    pub(crate) gateway: Gateway,
    pub(crate) router: Router,
    pub(crate) http: HttpConfig,
    clock: Arc<TestClock>,
    signer: Signer,
    servers: JoinSet<()>,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let clock = Arc::new(TestClock::standing(now));
        let signer = Signer::from_secret([9; 32]);
        let auth = Auth::new(signer.verifier(), Arc::clone(&clock) as Arc<dyn Clock>);
        let ids = Arc::new(Ids::from_seed([7; 32]));
        let mut http =
            HttpConfig::new(Arc::clone(&clock) as Arc<dyn Clock>, ids).authenticated_by(auth);
        http.names = HttpNames::of("Agora");
        let product = Expected { name: "product".to_owned(), without: "No goods.".to_owned() };
        let gateway = Gateway::new(http.clone(), Arc::new(Memory::new()), [product]);
        let router = gateway.router(HttpMetrics::default());
        Self { gateway, router, http, clock, signer, servers: JoinSet::new() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    pub(crate) fn token(&self, user: &str, role: Role) -> String {
        let customer = Uuid::from_u128(user.len() as u128);
        let token = self
            .signer
            .issue(Holder::new(customer, user, role), self.clock.now(), &self.http.ids)
            .0;
        format!("Bearer {token}")
    }

    /// A service in this process, announced and ready.
    pub(crate) fn local(&self, name: &str, router: Router) {
        self.gateway.register(name, router);
        self.announce(name, "1", Address::Local);
    }

    /// An instance of a service behind a socket of its own, announced and ready.
    pub(crate) async fn remote(
        &mut self,
        name: &str,
        instance: &str,
        router: Router,
    ) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        self.servers.spawn(serve(listener, router, self.http.shutdown.clone()));
        self.announce(name, instance, Address::Http(format!("http://{address}")));
        address
    }

    pub(crate) fn announce(&self, name: &str, instance: &str, address: Address) {
        self.gateway.learn(Arc::new(announcement(name, instance, address)));
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn send(&self, request: Builder, body: impl Into<Body>) -> Answer {
        Answer::of(self.begin(request, body).await).await
    }

    /// The answer as soon as it begins.
    pub(crate) async fn begin(&self, request: Builder, body: impl Into<Body>) -> Response {
        let request = request.body(body.into()).expect("a request");
        self.router.clone().oneshot(request).await.expect("never fails")
    }
}

pub(crate) fn announcement(name: &str, instance: &str, address: Address) -> Announcement {
    Announcement {
        name: name.to_owned(),
        instance: instance.to_owned(),
        address,
        routes: vec![format!("/{name}")],
        version: "1.2.3".to_owned(),
        ready: true,
        trouble: None,
        warnings: Vec::new(),
        slow: None,
        clock: None,
        model: None,
        lag: BTreeMap::from([("model".to_owned(), Lag { events: 3, seconds: 0.5, still: 0.0 })]),
        set_aside: 0,
        throughput: 12.5,
        balances: vec![Balance::new("received = on hand + sold", 7, 7)],
        reads: std::collections::BTreeMap::default(),
    }
}

/// Answers with what it was asked, so that one sees what arrives behind the gateway.
pub(crate) fn echo() -> Router {
    Router::new().fallback(any(async |request: Request| {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let headers = parts.headers.iter().map(|(name, value)| {
            (name.to_string(), json!(value.to_str().expect("text")))
        });
        let headers: serde_json::Map<String, Value> = headers.collect();
        let body = String::from_utf8_lossy(&body).into_owned();
        let method = parts.method.as_str();
        let seen = json!({ "Method": method, "Uri": parts.uri.to_string(), "Headers": headers, "Body": body });
        ([("connection", "x-private"), ("x-private", "1"), ("keep-alive", "timeout=5")], Json(seen))
    }))
}

/// Says its name.
pub(crate) fn named(name: &'static str) -> Router {
    Router::new().fallback(any(async move || name))
}

/// A real service, with such a model.
pub(crate) fn product(shop: &Shop, model: &ModelAt) -> Router {
    let api = OpenApiRouter::new().routes(routes!(get_products)).route("/panic", get(panics));
    Api::new("product", "1.2.3", shop.http.clone()).reads(model.clone()).finish(api)
}

/// Another service, with a type of the same name that looks different.
pub(crate) fn order(shop: &Shop) -> Router {
    let api = OpenApiRouter::new().routes(routes!(elsewhere::get_products));
    Api::new("order", "1.2.3", shop.http.clone()).finish(api)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Item {
    name: String,
}

/// Lists products.
#[utoipa::path(get, path = "/get-products", responses((status = 200, body = Item)))]
async fn get_products(_caller: Option<Caller>) -> Json<Item> {
    Json(Item { name: "one".to_owned() })
}

async fn panics() -> &'static str {
    panic!("secret")
}

mod elsewhere {
    use super::{Json, Serialize, ToSchema};

    #[derive(Serialize, ToSchema)]
    #[serde(rename_all = "PascalCase")]
    pub(super) struct Item {
        number: u32,
    }

    /// Lists products in another way.
    #[utoipa::path(get, path = "/get-products", responses((status = 200, body = Item)))]
    pub(super) async fn get_products() -> Json<Item> {
        Json(Item { number: 1 })
    }
}
