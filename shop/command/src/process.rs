//! A process of the shop: the parts it runs, built from the settings and joined over the bus.
//!
//! ```text
//!  gateway ── routers ──▶ customer │ product │ order │ accounting │ events
//!                              └──────────────── bus ────────────────┘ ── event store
//! ```

mod builder;
mod choices;
mod currency;
mod faults;
mod keys;
mod mix;
mod places;
mod played;
mod reach;
mod renewal;
mod sample;
mod second;
mod shared;
mod store;
mod version;
mod witness;

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use ::faults::{Disk, Part};
use anyhow::bail;
use axum::Router;
use customer::{Admin, Bootstrap};
use eventlog::{Files, OsFiles};
use futures_util::future::join_all;
use kernel::{Position, sync};
use runtime::{Tasks, event_store::Figures};
use web::{Server, Service};

use choices::Choices;
pub(crate) use choices::{Store, listening, store as event_store, time_zone};
pub(crate) use faults::faults;
use keys::Keys;
pub(crate) use keys::cookies;
pub(crate) use places::{CAUSES, check as check_places, resolved, snapshots};
use played::{Built, LatestNote};
pub(crate) use sample::make as make_sample;
use shared::Shared;
use store::{OpenStore, Opening};

use crate::{
    config::Settings,
    data_folder::DataFolder,
    figures, order_log,
    parts::{self, Parts},
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
    /// The storefront that the back office watches, if it runs elsewhere.
    pub(crate) storefront: Option<site::Gateway>,
    /// Products with this many units or fewer are shown as low in the back office.
    pub(crate) low_stock: u32,
    admin: tokio::sync::Mutex<Option<Bootstrap>>,
    /// Where the shop has the sample's goods, or none yet.
    pub(crate) demo: Option<demo::Demo>,
    /// Of the own log.
    last_note: LatestNote,
    /// Parts that can fail by themselves.
    played: Vec<Part>,
    playground: Option<demo::Playground>,
    /// Of what happens, where the order service runs.
    told: Option<web::ServiceDeps>,
}

/// What the log's files lie on: a disk whose power can be cut, if there is one.
fn files(disk: Option<Disk>) -> Arc<dyn Files> {
    disk.map_or_else(|| Arc::new(OsFiles) as _, |disk| Arc::new(disk) as _)
}

impl Process {
    /// Opens what is to be opened, builds every part and begins to run them; with a `playground`, so that each can fail by itself.
    pub(crate) async fn start(
        settings: &Settings,
        parts: &Parts,
        playground: bool,
    ) -> anyhow::Result<Self> {
        let choices = Choices::read(settings, parts)?;
        choices.warn();
        let given = Keys::given(settings, &choices, parts)?;
        if parts.on_the_bus() {
            currency::check_decimals(settings, &choices)?;
        }
        let data = DataFolder::open(&choices.data)?;
        data.agree(choices.shop_secret.as_ref())?;
        // With a broker, what is beyond it could not be played with.
        let is_played = playground && parts.has_all() && choices.bus == choices::Bus::Memory;
        let disk = is_played.then(|| Disk::over(Arc::new(OsFiles)));
        let opening = Opening::of(&choices, files(disk.clone()));
        let (keys, store) = keys_and_store(given, &opening, parts, &data).await?;
        let Keys { customer, tokens, cookies } = keys;
        if let Some(log) = store.as_ref().and_then(OpenStore::log)
            && parts.has(parts::Part::PRODUCT)
        {
            currency::check_log(log, &choices.currency).await?;
        }
        if parts.on_the_bus() {
            data.fix(&choices.currency)?;
        }
        let watch = data.watch(places::databases(settings, parts));
        let bus_tasks = Tasks::new();
        let (mut deps, auth) = shared::deps(settings, &choices, tokens, parts, &bus_tasks).await?;
        let bus = is_played.then(|| demo::Bus::around(Arc::clone(&deps.transport)));
        if let Some(bus) = &bus {
            deps.base.transport = bus.faulty();
        }
        let upgrade = version::upgrade(&choices, &deps, store.as_ref()).await?;
        let tasks = deps.tasks.clone();
        watch.spawn(&tasks);
        let figures = Figures::default();
        let shared = Shared {
            choices,
            deps,
            auth,
            data,
            secrets: customer,
            cookies,
            figures,
            upgrade,
            bus,
            disk,
            opening,
            bus_tasks,
        };
        let running = Box::pin(Self::recognise_and_run(shared, settings, parts, store)).await;
        if running.is_err() {
            // Their threads must not outlive the runtime that they wait on.
            tasks.kill().await;
        }
        running
    }

    /// Sees that the log is the one that this process has seen, and then runs every part.
    async fn recognise_and_run(
        shared: Shared,
        settings: &Settings,
        parts: &Parts,
        store: Option<OpenStore>,
    ) -> anyhow::Result<Self> {
        if parts.on_the_bus() {
            shared.recognise(settings, parts, store.as_ref()).await?;
        }
        Self::run(shared, parts, store).await
    }

    /// Builds every part and begins to run it.
    async fn run(
        mut shared: Shared,
        parts: &Parts,
        store: Option<OpenStore>,
    ) -> anyhow::Result<Self> {
        if parts.on_the_bus() {
            shared.follow_ended_sessions()?;
        }
        if parts.has(parts::Part::CUSTOMER) && shared.choices.bus != choices::Bus::Memory {
            mix::watch(&shared.deps.tasks, &shared.deps.transport).await;
        }
        let (builder, given) = shared.builder();
        let built = shared.build(parts, store, &builder).await?;
        let Built { mut services, played, note: last_note } = built;
        let admin = given.and_then(|given| given.bootstrap());
        let demo = shared.demo(parts, &services).await;
        services.extend(demo.as_ref().map(demo::Demo::service));
        let playground = shared.playground(demo.as_ref(), &played);
        services.extend(playground.as_ref().map(demo::Playground::service));
        let deps = &shared.deps;
        let gateway = if parts.has(parts::Part::Gateway) {
            Some(shared.gateway(&services).await)
        } else {
            None
        };
        if let (Some(playground), Some((gateway, router))) = (&playground, &gateway) {
            let gateway = gateway.clone();
            playground.reaches(router.clone(), move || gateway.forget_warnings());
        }
        played.iter().for_each(Part::announce);
        shared
            .announce(services.iter().filter(|service| !played::is_one(&played, service)))
            .await?;
        figures::spawn(deps, shared.figures.clone());
        let told = parts.has(parts::Part::ORDER).then(|| deps.clone());
        let connections = shared.choices.connections.within_files();
        let server = Server::new(connections, Arc::clone(&deps.http.proxies));
        let site = shared.site(gateway.as_ref().map(|(_, router)| router));
        Ok(Self {
            ops: deps.metrics.router(),
            tasks: shared.deps.base.tasks,
            bus_tasks: shared.bus_tasks,
            server,
            data: shared.data,
            services,
            gateway,
            site,
            low_stock: shared.choices.low_stock,
            storefront: shared.choices.storefront,
            admin: tokio::sync::Mutex::new(admin),
            demo,
            last_note,
            played,
            playground,
            told,
        })
    }

    /// The gateway's router, if this process runs one.
    pub(crate) fn gateway(&self) -> Option<Router> {
        self.gateway.as_ref().map(|(_, router)| router.clone())
    }

    /// Whether its parts can be played with.
    pub(crate) fn is_playground(&self) -> bool {
        self.playground.is_some()
    }

    /// From now on the log says what happens to orders.
    pub(crate) fn tell_orders(&self) {
        self.told.iter().for_each(order_log::spawn);
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

    /// Finishes what has begun: the event store after those who append to it, and the bus last. Whether nothing had to be cut off.
    pub(crate) async fn shut_down(&self) -> bool {
        if let Some(playground) = &self.playground {
            playground.leave().await;
        }
        self.played.iter().for_each(Part::thaw);
        let (stores, others): (Vec<_>, Vec<_>) =
            self.played.iter().partition(|part| part.name() == events::NAME);
        let others = join_all(others.into_iter().map(Part::stop));
        let (drained, _) = tokio::join!(self.tasks.shutdown(), others);
        join_all(stores.into_iter().map(Part::stop)).await;
        if let Some(note) = &*sync::lock(&self.last_note) {
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

/// When this program began; the operating system knows only since when there is the process, which may have been `cargo run` for minutes.
static BEGAN: OnceLock<Instant> = OnceLock::new();

/// Notes that the program begins.
#[expect(clippy::disallowed_methods, reason = "how long a start took is only shown")]
pub(crate) fn begins() {
    BEGAN.get_or_init(Instant::now);
}

/// Time since the program began.
pub(crate) fn since_start() -> Duration {
    BEGAN.get().map(Instant::elapsed).unwrap_or_default()
}

/// The keys, given or of the data folder's secret, and the event store, if it runs here. A secret is drawn only where no shop has begun:
/// neither in the folder nor in the event store, which is opened first where it may have events.
async fn keys_and_store(
    given: Option<Keys>,
    opening: &Opening,
    parts: &Parts,
    data: &DataFolder,
) -> anyhow::Result<(Keys, Option<OpenStore>)> {
    let open = async || {
        let is_here = parts.has(parts::Part::EventStore);
        let open = OpenStore::open(opening, parts.has_all());
        if is_here { open.await.map(Some) } else { Ok(None) }
    };
    if let Some(keys) = given {
        return Ok((keys, open().await?));
    }
    if let Some(secret) = data.secret()? {
        return Ok((Keys::of(&secret, parts), open().await?));
    }
    let may_have_events = match &opening.store {
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
