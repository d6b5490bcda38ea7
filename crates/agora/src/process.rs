//! The shop in one process: every part built from the settings and joined over the in-memory bus.
//!
//! ```text
//!  gateway ── routers ──▶ customer │ product │ order │ accounting │ events
//!                              └────────── bus (in memory) ─────────┘ ── log
//! ```

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use axum::Router;
use bus::{Address, Memory, Topic};
use chassis::{
    Deps, Service, Tasks,
    auth::Auth,
    clock::SystemClock,
    http::Border,
    metrics::Metrics,
    projector,
    sessions::{Ended, EndedSessions},
    sqlite::Location,
};
use contracts::customer::SessionEnd;
use customer::{Admin, Bootstrap, Secrets};
use eventstore::{Figures, LogStore, log::LogReader};
use jiff::tz::TimeZone;
use kernel::{Ids, Money, Recorded};

use crate::{
    config::{ConfigError, Settings},
    data_folder::DataFolder,
    figures, narrate,
};

/// How often what can be done beside writing is looked after.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);

/// A running shop, but for its listeners.
pub(crate) struct Process {
    pub(crate) tasks: Tasks,
    pub(crate) gateway: Router,
    pub(crate) ops: Router,
    pub(crate) data: PathBuf,
    services: Vec<Service>,
    table: gateway::Gateway,
    site: site::Config,
    admin: tokio::sync::Mutex<Option<Bootstrap>>,
}

impl Process {
    /// Opens the log, builds every service and begins to run them.
    pub(crate) async fn start(settings: &Settings) -> anyhow::Result<Self> {
        check_schemes(settings)?;
        let data = DataFolder::open(Path::new(settings.text("data").unwrap_or_default()))?;
        data.fix(&settings.get("currency")?)?;
        let secrets = Arc::new(Secrets::derive(&data.secret(settings.text("shop-secret"))?));
        let store = open_log(settings)?;
        let deps = deps(settings, &secrets)?;
        let tasks = deps.tasks.clone();
        let running = Self::run(settings, deps, (data, secrets), store).await;
        if running.is_err() {
            // Their threads must not outlive the runtime that they wait on.
            tasks.kill().await;
        }
        running
    }

    /// Builds every service on the open log, and begins to run them.
    async fn run(
        settings: &Settings,
        deps: Deps,
        (data, secrets): (DataFolder, Arc<Secrets>),
        store: LogStore,
    ) -> anyhow::Result<Self> {
        let figures = Figures::default();
        let reader = store.reader.clone();
        run_event_store(&deps, store, figures.clone()).await;
        follow_ended_sessions(&deps, data.path())?;
        let events = events_service(&for_service(&deps, "events"), reader, figures.clone());
        let (mut services, admin) = services(settings, &deps, &data, secrets).await?;
        services.push(events);
        let table = gateway(&deps, &services).await;
        let gateway = table.router(deps.metrics.service("gateway").http());
        figures::spawn(&deps, &services, figures);
        narrate::spawn(&deps);
        let ops = deps.metrics.router();
        let site = site::Config {
            gateway: site::Gateway::Local(gateway.clone()),
            clock: Arc::clone(&deps.clock),
            ids: Arc::clone(&deps.ids),
            secret: blake3::derive_key(
                "agora websites sessions v1",
                &data.secret(settings.text("shop-secret"))?,
            ),
            proxies: settings.get("trusted-proxies")?,
            secure_cookies: false,
            shutdown: deps.tasks.stop_token(),
        };
        Ok(Self {
            tasks: deps.tasks,
            gateway,
            ops,
            data: data.path().to_owned(),
            services,
            table,
            site,
            admin: tokio::sync::Mutex::new(Some(admin)),
        })
    }

    /// Waits until every service has caught up with the log, and the gateway knows.
    pub(crate) async fn wait_ready(&self) {
        for service in &self.services {
            service.wait_ready().await;
        }
        self.table.wait_ready().await;
    }

    /// What a website needs to be a client of this shop.
    pub(crate) fn site(&self) -> site::Config {
        self.site.clone()
    }

    /// The manager's password, if one was generated at this start.
    pub(crate) async fn admin_password(&self) -> Option<String> {
        let bootstrap = self.admin.lock().await.take()?;
        match bootstrap.outcome().await? {
            Admin::Created { generated } => generated.map(|password| password.expose().to_owned()),
            Admin::PasswordChanged => {
                tracing::info!("the manager admin has the password given at this start");
                None
            }
            Admin::Unchanged => None,
        }
    }
}

/// Time since the operating system started this process.
pub(crate) fn since_process_start() -> Duration {
    figures::process_age().unwrap_or_default()
}

fn check_schemes(settings: &Settings) -> anyhow::Result<()> {
    let only = |name: &str, scheme: &str| match settings.text(name) {
        Some(url) if url.starts_with(scheme) => Ok(()),
        _ => bail!(settings.invalid(name, format!("this build knows only {scheme} here"))),
    };
    only("bus", "memory:")?;
    only("event-store", "log:")?;
    settings.get::<customer::ModelLocation>("customer-model")?;
    settings.get::<Location>("product-model")?;
    settings.get::<order::ModelLocation>("order-model")?;
    settings.get::<accounting::ModelLocation>("accounting-model")?;
    Ok(())
}

fn open_log(settings: &Settings) -> anyhow::Result<LogStore> {
    let folder = path_of(settings, "event-store", "log:");
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).context("the system has no randomness")?;
    let store = LogStore::open(&folder, Arc::new(eventlog::OsFiles), eventlog::Options::new(salt))?;
    if let Some(torn) = store.report.torn {
        let eventlog::Torn { segment, position, bytes, .. } = torn;
        tracing::warn!(
            segment,
            position,
            bytes,
            "the last batch of the log was torn by a crash; it was cut, nothing acknowledged was in it"
        );
    }
    Ok(store)
}

fn deps(settings: &Settings, secrets: &Secrets) -> anyhow::Result<Deps> {
    let clock = Arc::new(SystemClock);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system has no randomness")?;
    let ids = Arc::new(Ids::from_seed(seed));
    let auth = Auth::new(secrets.verifier(), clock.clone());
    let tasks = Tasks::new();
    let mut border = Border::new(clock.clone(), Arc::clone(&ids), auth.clone());
    border.proxies = Arc::new(settings.get("trusted-proxies")?);
    border.shutdown = tasks.stop_token();
    Ok(Deps {
        clock,
        ids,
        transport: Arc::new(Memory::new()),
        tasks,
        auth,
        metrics: Metrics::new(),
        border,
    })
}

/// The same world, with figures of the service's own.
fn for_service(deps: &Deps, name: &str) -> Deps {
    Deps { metrics: deps.metrics.service(name), ..deps.clone() }
}

async fn run_event_store(deps: &Deps, store: LogStore, figures: Figures) {
    let LogStore { writer, reader, upkeep, .. } = store;
    eventstore::serve(deps, writer, reader, figures).await;
    let tasks = deps.tasks.clone();
    deps.tasks.spawn_blocking("event-store-upkeep", async move {
        while !tasks.is_stopping() {
            if let Err(error) = upkeep.step() {
                tracing::warn!(%error, "an index of the log could not be written; trying again");
            }
            tokio::select! {
                biased;
                () = tasks.stopped() => {}
                () = tokio::time::sleep(UPKEEP_EVERY) => {}
            }
        }
    });
}

fn follow_ended_sessions(deps: &Deps, data: &Path) -> anyhow::Result<()> {
    let sessions =
        EndedSessions::open(Location::File(data.join("sessions.db")), deps.auth.clone())?;
    projector::spawn(&deps.tasks, &deps.store(), sessions, ended, deps.progress("sessions"));
    Ok(())
}

fn ended(event: &Recorded) -> Option<Ended> {
    Some(match contracts::customer::session_end(event)? {
        SessionEnd::Token { token, expires } => Ended::Token { token, expires },
        SessionEnd::All { customer, until } => Ended::All { customer, until },
    })
}

fn events_service(deps: &Deps, reader: LogReader, figures: Figures) -> Service {
    let log = reader.log().clone();
    let backup = Arc::new(move |blocks| crate::backup::stream(&log, &blocks));
    eventstore::http::service(deps, Arc::new(reader), figures, Some(backup))
}

async fn services(
    settings: &Settings,
    deps: &Deps,
    data: &DataFolder,
    secrets: Arc<Secrets>,
) -> anyhow::Result<(Vec<Service>, Bootstrap)> {
    let snapshots = |name: &str| Location::File(data.path().join(format!("{name}-snapshots.db")));
    let currency = settings.get("currency")?;
    let deadline = Duration::from_secs(settings.get("order-deadline")?);
    let time_zone = time_zone(settings)?;
    let limits = customer::Limits {
        failures_per_name: settings.get("login-failures-per-name")?,
        failures_per_address: settings.get("login-failures-per-address")?,
        registrations_per_address: settings.get("registrations-per-address")?,
        ..customer::Limits::default()
    };
    let customer = customer::Config {
        welcome_credit: settings.get::<Money>("welcome-credit")?,
        admin_password: admin_password(settings)?,
        limits,
        ..customer::Config::new(
            settings.get::<customer::ModelLocation>("customer-model")?,
            snapshots("customer"),
            secrets,
        )
    };
    let product = product::Config {
        model: settings.get("product-model")?,
        snapshots: snapshots("product"),
        currency,
    };
    let order = order::Config {
        model: settings.get("order-model")?,
        snapshots: snapshots("order"),
        deadline,
    };
    let accounting = accounting::Config {
        model: settings.get("accounting-model")?,
        snapshots: snapshots("accounting"),
        time_zone,
    };
    let (customer, admin) = customer::build(customer, for_service(deps, "customer")).await?;
    let services = vec![
        customer,
        product::build(product, for_service(deps, "product")).await?,
        order::build(order, for_service(deps, "order")).await?,
        accounting::build(accounting, for_service(deps, "accounting")).await?,
    ];
    Ok((services, admin))
}

/// The zone in which accounting's years and months begin.
pub(crate) fn time_zone(settings: &Settings) -> Result<TimeZone, ConfigError> {
    let zone = settings.text("time-zone").unwrap_or_default();
    TimeZone::get(zone).map_err(|error| settings.invalid("time-zone", error.to_string()))
}

fn admin_password(settings: &Settings) -> anyhow::Result<Option<customer::NewPassword>> {
    let Some(text) = settings.text("admin-password") else { return Ok(None) };
    let password = customer::NewPassword::parse(text.to_owned());
    Ok(Some(password.map_err(|error| settings.invalid("admin-password", error))?))
}

async fn gateway(deps: &Deps, services: &[Service]) -> gateway::Gateway {
    let names = services.iter().map(|service| service.name.to_owned());
    let gateway = gateway::Gateway::new(deps.border.clone(), names);
    // Before the first announcement: the next one comes only after 2 s.
    let announcements = deps.transport.subscribe(Topic::Services).await;
    for service in services {
        gateway.register(service.name, service.router.clone());
        service.announce(deps, format!("{}-1", service.name), Address::Local);
    }
    let following = gateway.clone();
    deps.tasks.spawn("gateway-table", async move { following.follow(announcements).await });
    gateway
}

fn path_of(settings: &Settings, name: &str, scheme: &str) -> PathBuf {
    PathBuf::from(settings.text(name).and_then(|url| url.strip_prefix(scheme)).unwrap_or_default())
}
