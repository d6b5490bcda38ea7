//! What all parts of a process share: the bus, the clock, authentication and the settings as read; and the parts built from it.

use std::sync::Arc;

use ::store::{Memory, Topic, Transport};
use anyhow::Context as _;
use axum::Router;
use contracts::names;
use customer::Secrets;
use faults::Disk;
use identity::{Auth, Verifier, ended};
use kernel::{Clock as _, Ids};
use registry::{Extensions, ShopSettings};
use runtime::event_store::Figures;
use runtime::{
    Budget, Schemas, Tasks, Upgrade, clock::SystemClock, sqlite::Location, trace::Traces,
};
use web::{HttpNames, Service, ServiceDeps, Streams, metrics::Metrics};

use super::{
    builder::Builder,
    choices::{Bus, Choices, Store},
    places,
    store::Opening,
    version,
};
use crate::{
    config::Settings,
    data_folder::{DataFolder, SESSIONS, outages},
    engines::{self, Broker},
    parts::Parts,
};

/// What all parts of a process share.
pub(super) struct Shared {
    pub(super) choices: Choices,
    pub(super) deps: ServiceDeps,
    pub(super) auth: Auth,
    pub(super) data: DataFolder,
    /// Of the customer service, if it runs here.
    pub(super) secrets: Option<Arc<Secrets>>,
    /// Seals the websites' cookies, if one runs here.
    pub(super) cookies: Option<[u8; 32]>,
    pub(super) figures: Figures,
    pub(super) upgrade: Upgrade,
    /// The same bus with faults, in a shop that has a playground.
    pub(super) bus: Option<demo::Bus>,
    /// The disk under the log there.
    pub(super) disk: Option<Disk>,
    /// How the event store is opened, and opened again.
    pub(super) opening: Opening,
    /// Tasks needed to the very end: the bus, and the exporter of traces.
    pub(super) bus_tasks: Tasks,
}

/// What services are given, and how they authenticate; what they need to the very end runs on `bus_tasks`.
pub(super) async fn deps(
    settings: &Settings,
    choices: &Choices,
    tokens: Option<Verifier>,
    parts: &Parts,
    bus_tasks: &Tasks,
) -> anyhow::Result<(ServiceDeps, Auth)> {
    let clock = Arc::new(SystemClock);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the OS random generator failed")?;
    let ids = Arc::new(Ids::from_seed(seed));
    let auth = Auth::new(tokens, clock.clone());
    let tasks = Tasks::new();
    let mut traced = Traces::default();
    if let Some(collector) = &choices.collector {
        let (traces, spans) = Traces::exported(clock.clone(), Arc::clone(&ids));
        let instance = ids.uuid(clock.now()).to_string();
        engines::spawn_exporter(bus_tasks, spans, collector.clone(), instance)?;
        traced = traces;
    }
    let transport: Arc<dyn Transport> = match &choices.bus {
        Bus::RabbitMq { url, queues } if parts.on_the_bus() => {
            let name = format!("{} {}", names::PREFIX, parts.names());
            let broker = Broker { url, name, queues: *queues, ids: Arc::clone(&ids) };
            let connected = engines::connect(broker, bus_tasks).await;
            connected.map_err(|reason| settings.invalid("bus", reason))?
        }
        // Websites alone do not use the bus.
        Bus::RabbitMq { .. } | Bus::Memory => Arc::new(Memory::new()),
    };
    let budget = Budget::of(choices.memory);
    let schemas = Schemas::default();
    let base = runtime::Deps { clock, ids, transport, tasks, traces: traced, budget, schemas };
    let mut deps = ServiceDeps::new(base).authenticated_by(auth.clone());
    version::set(&mut deps)?;
    deps.metrics = Metrics::new(names::PREFIX);
    deps.http.names = HttpNames::of(names::SYSTEM);
    deps.http.proxies = Arc::new(choices.proxies.clone());
    deps.http.streams = Streams::new(choices.streams);
    Ok((deps, auth))
}

impl Shared {
    /// The same for one service, with figures and traces of the service's own.
    pub(super) fn for_service(&self, name: &'static str) -> ServiceDeps {
        self.deps.clone().of_service(name)
    }

    /// A database of a part's own, beside the read models.
    pub(super) fn database(&self, name: &str) -> Location {
        Location::File(self.data.path().join(name))
    }

    /// What the event store's answers rest on besides the log.
    pub(super) fn beside_the_store(&self) -> events::Beside {
        let zone = self.choices.time_zone.clone();
        let models = events::Models { modules: registry::SERVICES, zone };
        let (causes, upgrade) = (self.database(places::CAUSES), self.upgrade.clone());
        events::Beside { causes, models, upgrade }
    }

    /// Until they are known, no service takes tokens, and none is ready.
    pub(super) fn follow_ended_sessions(&mut self) -> anyhow::Result<()> {
        let place = self.database(SESSIONS);
        let ended = ended::follow(&self.deps, &self.auth, place, ended::session_end)?;
        self.deps.shared.push(ended);
        Ok(())
    }

    /// Builds services, with what they alone are given; and the customer service's, if it runs here.
    pub(super) fn builder(&mut self) -> (Builder, Option<Arc<customer::Given>>) {
        let given = self.secrets.clone().map(|secrets| Arc::new(self.customers(secrets)));
        let mut own = Extensions::new();
        if let Some(given) = &given {
            own.insert(Arc::clone(given));
        }
        let choices = &self.choices;
        let builder = Builder {
            auth: self.auth.clone(),
            metrics: self.deps.metrics.clone(),
            models: choices.models.clone(),
            data: self.data.path().to_owned(),
            shop: ShopSettings {
                currency: choices.currency.clone(),
                time_zone: choices.time_zone.clone(),
                welcome_credit: choices.welcome_credit,
                order_deadline: choices.order_deadline,
            },
            log_is_here: matches!((&choices.bus, &choices.store), (Bus::Memory, Store::Log(_))),
            own,
        };
        (builder, given)
    }

    /// What the customer service alone is given.
    fn customers(&mut self, secrets: Arc<Secrets>) -> customer::Given {
        let password = self.choices.admin_password.take();
        let limits = self.choices.limits;
        customer::Given { limits, ..customer::Given::new(secrets, password) }
    }

    /// The sample shop, where all of a shop runs here that has the sample's goods, or none yet.
    pub(super) async fn demo(&self, parts: &Parts, services: &[Service]) -> Option<demo::Demo> {
        let keys = self.secrets.as_ref().filter(|_| parts.has_all())?;
        let deps = self.for_service("demo");
        let is_offered = demo::offered(&deps.store()).await;
        is_offered.then(|| demo::Demo::new(&deps, keys, services))
    }

    pub(super) async fn gateway(&self, services: &[Service]) -> (gateway::Gateway, Router) {
        let deps = &self.deps;
        let expected = self.choices.expected.iter().map(|name| gateway::Expected {
            name: name.clone(),
            without: without(name).to_owned(),
        });
        let transport = Arc::clone(&deps.transport);
        let gateway = gateway::Gateway::new(deps.http.clone(), transport, expected);
        // Before the first announcement: the next one comes only after 2 s.
        let announcements = deps.transport.subscribe(Topic::Services).await;
        for service in services {
            gateway.register(service.name, service.router.clone());
        }
        let clock = &deps.http.clock;
        outages::keep(gateway.watch(), outages::GATEWAY, &self.data, clock, &deps.tasks);
        let following = gateway.clone();
        deps.tasks.spawn("gateway-table", async move { following.follow(announcements).await });
        let router = gateway.router(deps.metrics.service("gateway").http());
        (gateway, router)
    }

    /// What websites need: the gateway of this process, else the one that the settings name.
    pub(super) fn site(&self, gateway: Option<&Router>) -> Option<site::Config> {
        let here = gateway.map(|router| site::Gateway::Local(router.clone()));
        Some(site::Config {
            gateway: here.or_else(|| self.choices.gateway.clone())?,
            clock: Arc::clone(&self.deps.clock),
            ids: Arc::clone(&self.deps.ids),
            secret: self.cookies?,
            proxies: self.choices.proxies.clone(),
            streams: Streams::new(self.choices.streams),
            secure_cookies: self.choices.secure_cookies,
            shutdown: self.deps.tasks.stop_token(),
        })
    }
}

/// What people cannot do while a part does not answer.
fn without(name: &str) -> &'static str {
    match registry::find(name) {
        Some(module) => module.without,
        None if name == events::NAME => events::WITHOUT,
        None => "What it offers cannot be used.",
    }
}
