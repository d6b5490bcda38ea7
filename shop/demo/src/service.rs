//! The sample shop as a service of a running shop: fills it, and switches the traffic.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode};
use contracts::{
    product::{CATEGORY, ProductEvent},
    rest::demo::{self, Goods, Traffic},
};
use customer::Secrets;
use identity::{Caller, Manager};
use kernel::Position;
use runtime::EventStore;
use serde::Deserialize;
use serde_json::Value;
use store::Read;
use tokio::sync::watch;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Json, Problem, Service, ServiceDeps};

use crate::{
    chance::Chance,
    desk::{Desk, Person, Refused},
    filling::{Course, Filler},
    plan,
    shop::Shop,
    traffic::{self, Pace},
};

const NAME: &str = "demo";
/// Orders with which a running shop is filled.
const ORDERS: usize = 240;
/// How often a store that is just starting is asked for the first product.
const TRIES: u32 = 5;
/// When to ask again for what cannot be said now.
const RETRY: Duration = Duration::from_secs(1);

/// The sample shop within a running shop. A cheap clone.
#[derive(Clone)]
pub struct Demo(Arc<Inner>);

struct Inner {
    deps: ServiceDeps,
    keys: Arc<Secrets>,
    services: Vec<(&'static str, axum::Router)>,
    /// The sample's people at the counter.
    shop: Shop,
    /// Whether its customers come by themselves.
    traffic: watch::Sender<bool>,
    /// How often they come.
    pace: watch::Sender<Pace>,
    filler: Filler,
}

#[derive(OpenApi)]
#[openapi(info(title = "demo"))]
struct Document;

/// Whether a shop of that store is offered the sample: it has no products yet, or began with those of the sample.
pub async fn offered(store: &EventStore) -> bool {
    let read = Read::All { from: Position(1), categories: vec![CATEGORY.to_owned()] };
    let mut page = store.read_soon(read.clone()).await;
    for _ in 1..TRIES {
        if page.is_ok() {
            break;
        }
        page = store.read_soon(read.clone()).await;
    }
    let Ok(page) = page else { return false };
    let Some(first) = page.events.first() else { return page.end };
    let sample = crate::goods::Goods::read();
    let code = sample.products.first().map(|product| &product.code);
    match ProductEvent::of(first) {
        Some(ProductEvent::Added(added)) => added.code.as_ref() == code,
        _ => false,
    }
}

impl Demo {
    /// The sample beside these services; its people hold `keys`. Spawns the traffic, which is off at first.
    #[must_use]
    pub fn new(deps: &ServiceDeps, keys: &Arc<Secrets>, services: &[Service]) -> Self {
        let services: Vec<_> =
            services.iter().map(|service| (service.name, service.router.clone())).collect();
        let shop = Shop::new(Desk::new(services.clone(), Arc::clone(keys), deps));
        let demo = Self(Arc::new(Inner {
            deps: deps.clone(),
            keys: Arc::clone(keys),
            services,
            shop,
            traffic: watch::Sender::new(false),
            pace: watch::Sender::new(Pace::Off),
            filler: Filler::default(),
        }));
        let (inner, pace) = (Arc::clone(&demo.0), demo.0.pace.subscribe());
        let chance = Chance::from_seed(deps.ids.bytes());
        deps.tasks.spawn_until_stopped("demo-traffic", async move {
            traffic::run(&inner.shop, pace, chance).await;
        });
        demo
    }

    /// Switches the traffic.
    pub fn switch(&self, on: bool) {
        self.0.traffic.send_replace(on);
        self.as_usual();
    }

    /// Lets customers come at another pace, until [`Demo::as_usual`].
    pub(crate) fn come(&self, pace: Pace) {
        self.0.pace.send_replace(pace);
    }

    /// Lets them come as the switch says.
    pub(crate) fn as_usual(&self) {
        self.come(if *self.0.traffic.borrow() { Pace::Gentle } else { Pace::Off });
    }

    /// The sample's people at the counter.
    pub(crate) fn shop(&self) -> &Shop {
        &self.0.shop
    }

    /// The calls of the sample shop.
    #[must_use]
    pub fn service(&self) -> Service {
        let deps = &self.0.deps;
        let api = OpenApiRouter::with_openapi(Document::openapi())
            .routes(routes!(get_demo))
            .routes(routes!(set_traffic))
            .routes(routes!(fill_shop));
        let service = web::Api::new(NAME, env!("CARGO_PKG_VERSION"), deps.http.clone())
            .metrics(deps.metrics.http());
        let router = service.finish(api.with_state(self.clone()));
        Service { name: NAME, router, followers: Vec::new(), model: None, engine: None }
    }

    async fn state(&self) -> Result<demo::Demo, Problem> {
        let inner = &self.0;
        let goods = inner.goods().await.map_err(|refused| {
            Problem::unavailable(RETRY, format!("The shop cannot say what it sells: {refused}"))
        })?;
        let traffic = if *inner.traffic.borrow() { Traffic::On } else { Traffic::Off };
        let (filling, stopped) = (inner.filler.filling(), inner.filler.stopped());
        Ok(demo::Demo { goods, traffic, filling, stopped })
    }
}

impl Inner {
    async fn goods(&self) -> Result<Goods, Refused> {
        let first = self.shop.goods.products.first().map_or("", |product| &product.code);
        let call = format!("/product/get-product-details?Code={first}");
        match self.shop.desk.get(&call, None).await {
            Err(refused) if refused.status == StatusCode::NOT_FOUND => {}
            found => return found.map(|_| Goods::Sample),
        }
        let any = self.shop.desk.get("/product/get-all-products?Limit=1", None).await?;
        let any = any.get("Items").and_then(Value::as_array).is_some_and(|items| !items.is_empty());
        Ok(if any { Goods::Own } else { Goods::None })
    }

    /// What fills the shop, in the name of `manager`.
    fn course(&self, manager: Person) -> Course {
        let desk = Desk::new(self.services.clone(), Arc::clone(&self.keys), &self.deps);
        let shop = Shop::new(desk.patient()).managed_by(manager);
        let acts = plan::today(&shop.goods, ORDERS);
        Course::new(shop, acts)
    }
}

/// Whether the shop sells what the sample does, and whether its customers come by themselves.
#[utoipa::path(get, path = "/get-demo", tag = "demo", security(("token" = [])), responses((status = 200, body = demo::Demo)))]
async fn get_demo(State(demo): State<Demo>, _: Manager) -> Result<Json<demo::Demo>, Problem> {
    demo.state().await.map(Json)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetTraffic {
    #[schema(inline)]
    traffic: Traffic,
}

/// Lets sample customers come and buy by themselves, or not any more. Until the next start.
#[utoipa::path(post, path = "/set-traffic", tag = "demo", request_body = SetTraffic, security(("token" = [])), responses(
    (status = 200, body = demo::Demo),
))]
async fn set_traffic(
    State(demo): State<Demo>,
    _: Manager,
    Json(asked): Json<SetTraffic>,
) -> Result<Json<demo::Demo>, Problem> {
    demo.switch(asked.traffic == Traffic::On);
    demo.state().await.map(Json)
}

/// Fills an empty shop with the goods and people of the sample shop, and some orders of today; or goes on where that stopped. Does
/// nothing in any other shop.
#[utoipa::path(post, path = "/fill-shop", tag = "demo", security(("token" = [])), responses((status = 200, body = demo::Demo)))]
async fn fill_shop(
    State(demo): State<Demo>,
    Manager(caller): Manager,
) -> Result<Json<demo::Demo>, Problem> {
    let is_empty = demo.state().await?.goods == Goods::None;
    let inner = Arc::clone(&demo.0);
    let fresh = |manager| is_empty.then(|| inner.course(manager));
    if let Some(course) = inner.filler.begin(person(&caller), fresh) {
        let tasks = inner.deps.tasks.clone();
        tasks.spawn_until_stopped("demo-fill", async move { inner.filler.run(course).await });
    }
    demo.state().await.map(Json)
}

fn person(caller: &Caller) -> Person {
    Person { id: caller.id(), user: caller.user().into(), role: caller.claims().role }
}
