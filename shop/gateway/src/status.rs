//! Status of the gateway and the whole shop: which services are known, ready, and how far they are.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use identity::Manager;
use serde::Serialize;
use serde_json::{Value, json};
use store::Announcement;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{HttpNames, Json, Problem};

use crate::{
    Gateway, RETRY_AFTER,
    table::{Heard, own_prefix},
};

/// All services as they last announced themselves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Status {
    /// Whether all expected services have a ready instance.
    ready: bool,
    services: Vec<ServiceStatus>,
}

/// A service and its instances.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct ServiceStatus {
    name: String,
    /// Whether an instance is present and ready.
    ready: bool,
    instances: Vec<InstanceStatus>,
}

/// One instance of a service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct InstanceStatus {
    instance: String,
    version: String,
    /// The prefixes it serves.
    routes: Vec<String>,
    /// Whether it announced itself within the last 5 s.
    here: bool,
    ready: bool,
    #[schema(format = DateTime)]
    last_heard: String,
    /// How far behind each of its projectors and reactors is.
    lag: BTreeMap<String, LagStatus>,
    /// Events that its projectors and reactors could not apply and set aside; `inbox` of the service lists them.
    set_aside: u64,
    /// Events per second.
    throughput: f64,
    /// Sums that must agree.
    balances: Vec<BalanceStatus>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct LagStatus {
    events: u64,
    seconds: f64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct BalanceStatus {
    name: String,
    left: i64,
    right: i64,
    holds: bool,
}

pub(crate) async fn what_is_here(State(gateway): State<Gateway>) -> Json<Value> {
    let (_, status) = status(&gateway);
    let services = status.services.iter().map(|service| {
        let routes = service.instances.iter().flat_map(|instance| &instance.routes);
        let routes: std::collections::BTreeSet<_> = routes.collect();
        json!({ "Name": service.name, "Ready": service.ready, "Routes": routes })
    });
    let services: Vec<Value> = services.collect();
    let own =
        json!(["/docs", "/openapi.json", "/health/live", "/health/ready", "/system/get-status"]);
    Json(
        json!({ "Name": "Agora", "Version": env!("CARGO_PKG_VERSION"), "Services": services, "Own": own }),
    )
}

pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "Live": true }))
}

/// Ready when every expected service is, regardless of guests.
pub(crate) async fn ready(State(gateway): State<Gateway>) -> Result<Json<Value>, Problem> {
    let waits_for = waits_for(&gateway);
    if waits_for.is_empty() {
        return Ok(Json(json!({ "Ready": true })));
    }
    let detail = format!("Waiting for {}. /NAME/health/ready says why.", waits_for.join(", "));
    Err(Problem::unavailable(RETRY_AFTER, detail).kind("/problems/not-ready"))
}

pub(crate) fn is_ready(gateway: &Gateway) -> bool {
    status(gateway).0.is_empty()
}

/// Services, instances, readiness, lag, throughput and balances.
#[utoipa::path(get, path = "/get-status", security(("token" = [])), responses((status = 200, body = Status)))]
pub(crate) async fn get_status(_: Manager, State(gateway): State<Gateway>) -> Json<impl Serialize> {
    Json(status(&gateway).1)
}

/// The gateway's own calls as a document.
pub(crate) fn document(names: &HttpNames) -> Value {
    let api = OpenApiRouter::<Gateway>::new().routes(routes!(get_status)).into_openapi();
    web::document(api, "system", env!("CARGO_PKG_VERSION"), names)
}

/// What is not ready yet, by name.
pub(crate) fn waits_for(gateway: &Gateway) -> Vec<String> {
    status(gateway).0
}

/// What is not ready yet, by name, and the state of everything.
fn status(Gateway(gateway): &Gateway) -> (Vec<String>, Status) {
    let now = gateway.http.clock.elapsed();
    let mut services: BTreeMap<String, Vec<InstanceStatus>> = BTreeMap::new();
    for name in &gateway.expected {
        services.entry(name.clone()).or_default();
    }
    for heard in gateway.table.instances() {
        let here = heard.is_here(now);
        let instances = services.entry(heard.announcement.name.clone()).or_default();
        instances.push(InstanceStatus::of(&heard, here));
    }
    let services = services.into_iter().map(|(name, instances)| {
        let ready = instances.iter().any(|instance| instance.here && instance.ready);
        ServiceStatus { name, ready, instances }
    });
    let services: Vec<ServiceStatus> = services.collect();
    let expected = services.iter().filter(|service| gateway.expected.contains(&service.name));
    let waits_for = expected.filter(|service| !service.ready);
    let waits_for: Vec<String> = waits_for.map(|service| service.name.clone()).collect();
    let ready = waits_for.is_empty();
    (waits_for, Status { ready, services })
}

impl InstanceStatus {
    fn of(heard: &Heard, here: bool) -> Self {
        let said: &Arc<Announcement> = &heard.announcement;
        let lag = said.lag.iter().map(|(name, lag)| {
            (name.clone(), LagStatus { events: lag.events, seconds: lag.seconds })
        });
        let balances = said.balances.iter().map(|balance| BalanceStatus {
            name: balance.name.clone(),
            left: balance.left,
            right: balance.right,
            holds: balance.left == balance.right,
        });
        Self {
            instance: said.instance.clone(),
            version: said.version.clone(),
            routes: own_prefix(said).map(str::to_owned).into_iter().collect(),
            here,
            ready: said.ready,
            last_heard: heard.at.to_string(),
            lag: lag.collect(),
            set_aside: said.set_aside,
            throughput: said.throughput,
            balances: balances.collect(),
        }
    }
}
