//! Status of the gateway and the whole shop: which services are known, ready, and how far they are.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use identity::Manager;
use kernel::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use store::{Announcement, Kept};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{HttpNames, Json, Listing, Problem, watch::Outage};

use crate::{
    Expected, Gateway, RETRY_AFTER,
    table::{Heard, own_prefix},
};

mod condition;

/// The part that the connection to the broker is called.
const BUS: &str = "event bus";
/// The part that the gateway itself is called.
pub(crate) const GATEWAY: &str = "gateway";
/// What a guest's absence means to people.
const WITHOUT_GUEST: &str = "What it offers cannot be used.";

/// All services as they last announced themselves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Status {
    /// Whether all expected services have a ready instance.
    ready: bool,
    services: Vec<ServiceStatus>,
    bus: BusStatus,
    /// What is wrong with the gateway itself, while something is.
    outage: Option<Outage>,
    /// Since when it is known what was wrong; null in the first second.
    #[schema(value_type = Option<String>, format = DateTime)]
    watched_since: Option<Timestamp>,
}

/// What carries messages between the services.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct BusStatus {
    /// `RabbitMQ`, or `this process`.
    engine: &'static str,
    /// Whether the gateway has a connection.
    connected: bool,
    /// What is wrong, while something is.
    outage: Option<Outage>,
}

/// A service and its instances.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct ServiceStatus {
    name: String,
    /// Whether an instance is present and ready.
    ready: bool,
    /// What is wrong, while something is.
    outage: Option<Outage>,
    /// What people cannot do while it does not answer.
    without: String,
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
    /// Why it is not ready, in a sentence.
    trouble: Option<String>,
    /// What is not as it should be although it is ready, each in a sentence or two.
    warnings: Vec<String>,
    /// Why it is slow, in a sentence or two, where its lag does not show it.
    slow: Option<String>,
    /// What keeps its read model, or the event store's log.
    model: Option<ModelStatus>,
    #[schema(value_type = String, format = DateTime)]
    last_heard: Timestamp,
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
struct ModelStatus {
    /// Its name, such as `SQLite`; of the event store `log files` or `MongoDB`.
    engine: String,
    /// Why it cannot be used now, in a sentence.
    trouble: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct LagStatus {
    events: u64,
    seconds: f64,
    /// For so many of these seconds it has taken no event at all.
    still: f64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct BalanceStatus {
    name: String,
    /// How many of the digits are behind the decimal point: 2 for sums in hundredths of the currency.
    decimals: u8,
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
    let own = json!([
        "/docs",
        "/docs/book",
        "/openapi.json",
        "/health/live",
        "/health/ready",
        "/system/get-status"
    ]);
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

/// Services, instances, readiness, what is wrong and what that means, lag, throughput and balances.
#[utoipa::path(get, path = "/get-status", security(("token" = [])), responses((status = 200, body = Status)))]
pub(crate) async fn get_status(_: Manager, State(gateway): State<Gateway>) -> Json<impl Serialize> {
    look(&gateway);
    Json(status(&gateway).1)
}

/// What did not work as it should in the last 24 hours, and when the gateway did not run to notice: what lasts first, then the newest.
#[utoipa::path(get, path = "/get-timeline", security(("token" = [])), responses((status = 200, body = Listing<Outage>)))]
pub(crate) async fn get_timeline(
    _: Manager,
    State(gateway): State<Gateway>,
) -> Json<impl Serialize> {
    look(&gateway);
    Json(Listing::last(gateway.0.watch.timeline()))
}

/// The gateway's own calls as a document.
pub(crate) fn document(names: &HttpNames) -> Value {
    let api = OpenApiRouter::<Gateway>::new().routes(routes!(get_status));
    let api = api.routes(routes!(get_timeline)).into_openapi();
    web::document(api, "system", env!("CARGO_PKG_VERSION"), names)
}

/// What is not ready yet, by name.
pub(crate) fn waits_for(gateway: &Gateway) -> Vec<String> {
    status(gateway).0
}

/// Notes what is wrong now, so that it is known since when. In a shop that stops, parts leave one after the other, and nothing is wrong.
pub(crate) fn look(gateway: &Gateway) {
    if gateway.0.http.shutdown.is_cancelled() {
        return;
    }
    let (_, Status { services, bus, .. }) = status(gateway);
    let link = bus.condition();
    let own = gateway.0.refusals.condition(gateway.0.http.clock.elapsed());
    let services = services.iter().map(|service| (service.name.clone(), service.condition(&bus)));
    let parts = services.chain([(BUS.to_owned(), link), (GATEWAY.to_owned(), own)]);
    gateway.0.watch.look(parts, &*gateway.0.http.clock);
}

/// What is not ready yet, by name, and the state of everything.
fn status(Gateway(gateway): &Gateway) -> (Vec<String>, Status) {
    let now = gateway.http.clock.elapsed();
    let mut services: BTreeMap<String, Vec<InstanceStatus>> = BTreeMap::new();
    for Expected { name, .. } in &gateway.expected {
        services.entry(name.clone()).or_default();
    }
    for heard in gateway.table.instances() {
        let here = heard.is_here(now);
        let instances = services.entry(heard.announcement.name.clone()).or_default();
        instances.push(InstanceStatus::of(&heard, here));
    }
    let expected = |name: &str| gateway.expected.iter().find(|expected| expected.name == name);
    let services = services.into_iter().map(|(name, instances)| ServiceStatus {
        ready: instances.iter().any(|instance| instance.here && instance.ready),
        outage: gateway.watch.outage(&name),
        without: expected(&name).map_or(WITHOUT_GUEST, |one| &one.without).to_owned(),
        name,
        instances,
    });
    let services: Vec<ServiceStatus> = services.collect();
    let missing = |service: &&ServiceStatus| expected(&service.name).is_some() && !service.ready;
    let waits_for: Vec<String> =
        services.iter().filter(missing).map(|service| service.name.clone()).collect();
    let link = gateway.transport.link();
    let bus = BusStatus {
        engine: link.engine,
        connected: link.connected,
        outage: gateway.watch.outage(BUS),
    };
    let (ready, outage) = (waits_for.is_empty(), gateway.watch.outage(GATEWAY));
    (waits_for, Status { ready, services, bus, outage, watched_since: gateway.watch.begun() })
}

impl InstanceStatus {
    fn of(heard: &Heard, here: bool) -> Self {
        let said: &Arc<Announcement> = &heard.announcement;
        let lag = said.lag.iter().map(|(name, lag)| {
            let store::Lag { events, seconds, still } = *lag;
            (name.clone(), LagStatus { events, seconds, still })
        });
        let balances = said.balances.iter().map(|balance| BalanceStatus {
            name: balance.name.clone(),
            decimals: balance.decimals,
            left: balance.left,
            right: balance.right,
            holds: balance.left == balance.right,
        });
        let model = said.model.clone();
        Self {
            instance: said.instance.clone(),
            version: said.version.clone(),
            routes: own_prefix(said).map(str::to_owned).into_iter().collect(),
            here,
            ready: said.ready,
            trouble: said.trouble.clone(),
            warnings: condition::clock(heard).into_iter().chain(said.warnings.clone()).collect(),
            slow: said.slow.clone(),
            model: model.map(|Kept { engine, trouble }| ModelStatus { engine, trouble }),
            last_heard: heard.at,
            lag: lag.collect(),
            set_aside: said.set_aside,
            throughput: said.throughput,
            balances: balances.collect(),
        }
    }
}
