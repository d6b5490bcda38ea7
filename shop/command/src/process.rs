//! A process of the shop: the parts it runs, built from the settings and joined over the bus.
//!
//! ```text
//!  gateway ── routers ──▶ customer │ product │ order │ accounting │ events
//!                              └──────────────── bus ────────────────┘ ── event store
//! ```

mod choices;
mod currency;
mod keys;
mod places;
mod reach;
mod renewal;
mod store;
mod witness;

use std::{sync::Arc, time::Duration};

use ::store::{Memory, Topic, Transport};
use anyhow::{Context as _, bail};
use axum::Router;
use contracts::names;
use customer::{Admin, Bootstrap, Secrets};
use identity::{Auth, Verifier, ended};
use kernel::{Clock as _, Ids, Position};
use registry::{Extensions, Module, Setup, Shop};
use runtime::event_store::Figures;
use runtime::{Progress, Tasks, clock::SystemClock, sqlite::Location, trace::Traces};
use web::{Deps, HttpNames, Server, Service, Streams, metrics::Metrics};

use choices::{Bus, Choices};
pub(crate) use choices::{Store, store as event_store, time_zone};
use keys::Keys;
pub(crate) use keys::cookies;
pub(crate) use places::{check as check_places, resolved, snapshots};
use store::{LastNote, OpenStore};

use crate::{
    config::Settings,
    data_folder::{DataFolder, mark::Mark},
    engines::{self, Broker},
    figures, narrate,
    parts::{Part, Parts},
};

/// The parts of a shop at work, but for the listeners of the gateway and the websites.
pub(crate) struct Process {
    pub(crate) tasks: Tasks,
    bus_tasks: Tasks,
    /// Serves what the outside reaches, within one budget of connections.
    pub(crate) server: Server,
    pub(crate) ops: Router,
    /// Held as long as anything runs.
    pub(crate) data: DataFolder,
    services: Vec<Service>,
    gateway: Option<(gateway::Gateway, Router)>,
    site: Option<site::Config>,
    admin: tokio::sync::Mutex<Option<Bootstrap>>,
    /// Of the own log.
    last_note: Option<LastNote>,
}

/// What all parts of a process share.
struct World {
    choices: Choices,
    deps: Deps,
    auth: Auth,
    data: DataFolder,
    /// Of the customer service, if it runs here.
    secrets: Option<Arc<Secrets>>,
    /// Seals the websites' cookies, if one runs here.
    cookies: Option<[u8; 32]>,
    figures: Figures,
    /// Tasks needed to the very end: the bus, and the exporter of traces.
    bus_tasks: Tasks,
}

impl Process {
    /// Opens what is to be opened, builds every part and begins to run them.
    pub(crate) async fn start(settings: &Settings, parts: &Parts) -> anyhow::Result<Self> {
        let choices = Choices::read(settings, parts)?;
        choices.warn();
        let given = Keys::given(settings, &choices, parts)?;
        if parts.on_the_bus() {
            currency::check_decimals(settings, &choices)?;
        }
        let data = DataFolder::open(&choices.data)?;
        data.agree(choices.shop_secret.as_ref())?;
        let (keys, store) = keys_and_store(given, &choices, (parts, &data)).await?;
        let Keys { customer, tokens, cookies } = keys;
        if let Some(log) = store.as_ref().and_then(OpenStore::log)
            && parts.has(Part::PRODUCT)
        {
            currency::check_log(log, &choices.currency).await?;
        }
        if parts.on_the_bus() {
            data.fix(&choices.currency)?;
        }
        let watch = data.watch(places::databases(settings, parts));
        let bus_tasks = Tasks::new();
        let (deps, auth) = deps(settings, (&choices, tokens), (parts, &bus_tasks)).await?;
        let tasks = deps.tasks.clone();
        watch.spawn(&tasks);
        let figures = Figures::default();
        let world =
            World { choices, deps, auth, data, secrets: customer, cookies, figures, bus_tasks };
        let running = Box::pin(async {
            if parts.on_the_bus() {
                world.recognise(settings, parts, store.as_ref()).await?;
            }
            Self::run(world, parts, store).await
        });
        let running = running.await;
        if running.is_err() {
            // Their threads must not outlive the runtime that they wait on.
            tasks.kill().await;
        }
        running
    }

    /// Builds every part and begins to run it.
    async fn run(
        mut world: World,
        parts: &Parts,
        store: Option<OpenStore>,
    ) -> anyhow::Result<Self> {
        let mut services = Vec::new();
        let (mut events, mut last_note) = (None, None);
        if let Some(store) = store {
            let deps = world.for_service("events");
            let (service, note) = store.run(&deps, world.figures.clone()).await;
            (events, last_note) = (Some(service), note);
        } else if parts.on_the_bus() {
            let mark = Arc::new(Mark::of_follower(world.data.path()));
            witness::spawn(&world.deps, mark, world.doubts(parts));
        }
        let ended = if parts.on_the_bus() { Some(world.follow_ended_sessions()?) } else { None };
        let admin = world.services(parts, &mut services).await?;
        services.extend(events);
        for service in &mut services {
            service.followers.extend(ended.clone());
        }
        let deps = &world.deps;
        let gateway =
            if parts.has(Part::Gateway) { Some(world.gateway(&services).await) } else { None };
        world.announce(&services).await?;
        figures::spawn(deps, &services, world.figures.clone());
        if parts.has(Part::ORDER) {
            narrate::spawn(deps);
        }
        let ops = deps.metrics.router();
        let connections = world.choices.connections.within_files();
        let server = Server::new(connections, Arc::clone(&deps.http.proxies));
        let site = world.site(gateway.as_ref().map(|(_, router)| router));
        Ok(Self {
            tasks: world.deps.base.tasks,
            bus_tasks: world.bus_tasks,
            server,
            ops,
            data: world.data,
            services,
            gateway,
            site,
            admin: tokio::sync::Mutex::new(admin),
            last_note,
        })
    }

    /// The gateway's router, if this process runs one.
    pub(crate) fn gateway(&self) -> Option<Router> {
        self.gateway.as_ref().map(|(_, router)| router.clone())
    }

    /// Waits until every service has caught up with the log, and the gateway knows.
    pub(crate) async fn wait_ready(&self) {
        for service in &self.services {
            service.wait_ready().await;
        }
        if let Some((gateway, _)) = &self.gateway {
            gateway.wait_ready().await;
        }
    }

    /// Finishes what has begun, the bus last. Whether nothing had to be cut off.
    pub(crate) async fn shut_down(&self) -> bool {
        let drained = self.tasks.shutdown().await;
        if let Some(note) = &self.last_note {
            note();
        }
        self.bus_tasks.shutdown().await && drained
    }

    /// What a website needs to be a client of this shop.
    pub(crate) fn site(&self) -> Option<site::Config> {
        self.site.clone()
    }

    /// The manager's password, if one was generated at this start; an error if the shop has another secret.
    pub(crate) async fn admin_password(&self) -> anyhow::Result<Option<String>> {
        let Some(bootstrap) = self.admin.lock().await.take() else { return Ok(None) };
        Ok(match bootstrap.outcome().await {
            Some(Admin::Created { generated }) => {
                generated.map(|password| password.expose().to_owned())
            }
            Some(Admin::PasswordChanged) => {
                tracing::info!("the manager admin has the password given at this start");
                None
            }
            Some(Admin::Superseded) => {
                tracing::info!(
                    "the manager admin keeps the password set in the shop: the one in admin-password was applied at an earlier start. Set another one to reset it, or remove the setting"
                );
                None
            }
            Some(Admin::Unchanged) | None => None,
            Some(Admin::Refused) => bail!(
                "this log belongs to a shop with another secret: its customers cannot log in with the one given. \
                 Nothing was recorded in it. Start it with the secret of its first start (the file `secret` of its data folder, or what \
                 AGORA_SHOP_SECRET held then)"
            ),
        })
    }
}

/// Time since the operating system started this process.
pub(crate) fn since_process_start() -> Duration {
    figures::process_age().unwrap_or_default()
}

/// The keys, given or of the data folder's secret, and the event store, if it runs here. A secret is drawn only where no shop has begun:
/// neither in the folder nor in the event store, which is opened first where it may have events.
async fn keys_and_store(
    given: Option<Keys>,
    choices: &Choices,
    (parts, data): (&Parts, &DataFolder),
) -> anyhow::Result<(Keys, Option<OpenStore>)> {
    let open = async || {
        let is_here = parts.has(Part::EventStore);
        let open = OpenStore::open(choices, parts.has_all());
        if is_here { open.await.map(Some) } else { Ok(None) }
    };
    if let Some(keys) = given {
        return Ok((keys, open().await?));
    }
    if let Some(secret) = data.secret()? {
        return Ok((Keys::of(&secret, parts), open().await?));
    }
    let may_have_events = match &choices.store {
        Store::Log(folder) => folder.exists(),
        Store::MongoDb(_) => true,
    };
    if !may_have_events {
        return Ok((Keys::of(&data.draw_secret()?, parts), open().await?));
    }
    let store = open().await?;
    let has_events = match &store {
        Some(store) => store.head().await? > Position::START,
        None => false,
    };
    let secret = if has_events {
        data.needed_secret("events in its event store")?
    } else {
        data.draw_secret()?
    };
    Ok((Keys::of(&secret, parts), store))
}

async fn deps(
    settings: &Settings,
    (choices, tokens): (&Choices, Option<Verifier>),
    (parts, bus_tasks): (&Parts, &Tasks),
) -> anyhow::Result<(Deps, Auth)> {
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
        engines::spawn_exporter(bus_tasks, spans, (collector.clone(), instance))?;
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
    let shutdown = tasks.stop_token();
    let base = runtime::Deps { clock, ids, transport, tasks, traces: traced };
    let mut deps = Deps::new(base).authenticated_by(auth.clone());
    deps.metrics = Metrics::new(names::PREFIX);
    deps.http.names = HttpNames::of(names::SYSTEM);
    deps.http.proxies = Arc::new(choices.proxies.clone());
    deps.http.streams = Streams::new(choices.streams);
    deps.http.shutdown = shutdown;
    Ok((deps, auth))
}

impl World {
    /// The same world, with figures and traces of the service's own.
    fn for_service(&self, name: &'static str) -> Deps {
        self.deps.clone().of_service(name)
    }

    /// A database of a part's own, beside the read models.
    fn database(&self, name: &str) -> Location {
        Location::File(self.data.path().join(name))
    }

    /// Until they are known, no service takes tokens, and none is ready.
    fn follow_ended_sessions(&self) -> anyhow::Result<Progress> {
        Ok(ended::follow(&self.deps, &self.auth, self.database("sessions.db"), ended::session_end)?)
    }

    /// Builds the services that are to run here; what became of the shop's manager, if customers are among them.
    async fn services(
        &mut self,
        parts: &Parts,
        services: &mut Vec<Service>,
    ) -> anyhow::Result<Option<Bootstrap>> {
        let given = self.secrets.clone().map(|secrets| Arc::new(self.customers(secrets)));
        let mut own = Extensions::new();
        if let Some(given) = &given {
            own.insert(Arc::clone(given));
        }
        for module in parts.services() {
            services.push(self.service(module, own.clone()).await?);
        }
        Ok(given.and_then(|given| given.bootstrap()))
    }

    /// What the customer service alone is given.
    fn customers(&mut self, secrets: Arc<Secrets>) -> customer::Given {
        let password = self.choices.admin_password.take();
        let limits = self.choices.limits;
        customer::Given { limits, ..customer::Given::new(secrets, password) }
    }

    async fn service(&self, module: &'static Module, own: Extensions) -> anyhow::Result<Service> {
        let (choices, deps) = (&self.choices, self.for_service(module.name));
        let model = choices.models.get(module.name).context("each service has its place")?;
        let setup = Setup {
            deps: deps.clone(),
            auth: self.auth.clone(),
            model: model.clone(),
            snapshots: self.database(&places::snapshots(module.name)),
            shop: Shop {
                currency: choices.currency.clone(),
                time_zone: choices.time_zone.clone(),
                welcome_credit: choices.welcome_credit,
                order_deadline: choices.order_deadline,
            },
            own,
        };
        let mut service = (module.build)(setup).await?;
        let log_is_here = matches!((&choices.bus, &choices.store), (Bus::Memory, Store::Log(_)));
        if module.name == product::NAME && !log_is_here {
            service.followers.push(currency::spawn(&deps, choices.currency.clone()));
        }
        Ok(service)
    }

    async fn gateway(&self, services: &[Service]) -> (gateway::Gateway, Router) {
        let deps = &self.deps;
        let gateway = gateway::Gateway::new(deps.http.clone(), self.choices.expected.clone());
        // Before the first announcement: the next one comes only after 2 s.
        let announcements = deps.transport.subscribe(Topic::Services).await;
        for service in services {
            gateway.register(service.name, service.router.clone());
        }
        let following = gateway.clone();
        deps.tasks.spawn("gateway-table", async move { following.follow(announcements).await });
        let router = gateway.router(deps.metrics.service("gateway").http());
        (gateway, router)
    }

    /// What websites need: the gateway of this process, else the one that the settings name.
    fn site(&self, gateway: Option<&Router>) -> Option<site::Config> {
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
