//! Serving: the listeners of a process, its startup output, and its clean stop.

mod banner;
mod signals;

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use axum::Router;
use demo::Lived;
use serde::Serialize;
use site::Website;
use tokio::net::TcpListener;
use web::Server;

use self::signals::Signals;
use crate::{
    config::{Flags, Settings},
    data_folder::outages,
    logging,
    outcome::Outcome,
    parts::{Part, Parts},
    process::{Process, listening, make_sample, since_start},
};

/// How a process is run.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// Its addresses are printed for machines.
    pub(crate) json: bool,
    /// In a sample shop, which is made first.
    pub(crate) demo: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Ready {
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ops: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storefront: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoffice: Option<String>,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<Sample>,
}

/// What is in a sample shop, and whom to log in as there.
#[derive(Serialize)]
struct Sample {
    customer: &'static str,
    password: &'static str,
    categories: usize,
    products: usize,
    customers: usize,
    orders: u64,
}

/// The addresses that are listened on.
#[derive(Default)]
struct Listeners {
    gateway: Option<TcpListener>,
    ops: Option<TcpListener>,
    storefront: Option<TcpListener>,
    backoffice: Option<TcpListener>,
}

/// Runs `parts` until asked to stop.
pub(crate) fn serve(flags: &Flags, parts: &Parts, how: How) -> anyhow::Result<Outcome> {
    let settings = flags.resolve()?;
    let tells_orders = tells_orders(&settings, how);
    logging::init(&settings, tells_orders)?;
    runtime::descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(Box::pin(run(&settings, parts, how, tells_orders)));
    // No request waits for blocking work (a hash, a query) that is still running.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// In a terminal the orders of a sample shop would carry off what was said at its start, and the password with it.
fn tells_orders(settings: &Settings, how: How) -> bool {
    !(how.demo && io::stderr().is_terminal() && settings.is_default("log-level"))
}

async fn run(
    settings: &Settings,
    parts: &Parts,
    how: How,
    tells_orders: bool,
) -> anyhow::Result<Outcome> {
    // From here on, so that a signal after the announcement always means a clean stop.
    let mut signals = Signals::new()?;
    let listeners = Listeners::open(settings, parts).await?;
    let starting = async {
        let lived = if how.demo { Some(make_sample(settings, how.json).await?) } else { None };
        anyhow::Ok((Process::start(settings, parts, how.demo).await?, lived))
    };
    let (process, lived) = tokio::select! {
        biased;
        signal = signals.first() => {
            tracing::info!("{signal} received during startup; stopped");
            return Ok(Outcome::Done);
        }
        started = Box::pin(starting) => started?,
    };
    let running =
        announced(&process, lived, listeners, Announce { parts, json: how.json, tells_orders });
    let outcome = tokio::select! {
        biased;
        signal = signals.first() => {
            tracing::info!("{signal} received; finishing requests in progress");
            Ok(())
        }
        () = process.tasks.stopped() => Ok(()),
        outcome = running => outcome,
    };
    // Also after an error: the tasks must not outlive the runtime.
    let drained = process.shut_down().await;
    outcome?;
    if process.tasks.failed() {
        bail!("a part of the shop failed; see the log above. Everything acknowledged is recorded");
    }
    if !drained {
        tracing::warn!("some requests did not finish in time and were aborted");
    }
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

/// Serves on the listeners and prints their addresses; never returns.
async fn announced(
    process: &Process,
    lived: Option<Lived>,
    listeners: Listeners,
    Announce { parts, json, tells_orders }: Announce<'_>,
) -> anyhow::Result<()> {
    let serve = |name, listener: Option<TcpListener>, router: Option<Router>| {
        let Some((listener, router)) = listener.zip(router) else { return Ok(None) };
        let address = url(listener.local_addr()?);
        // Whatever happens to the others, metrics can be read.
        let server = if name == "ops" { Server::default() } else { process.server.clone() };
        let stop = process.tasks.stop_token();
        process.tasks.spawn(name, async move { server.serve(listener, router, stop).await });
        Ok::<_, io::Error>(Some(address))
    };
    let gateway = serve("gateway", listeners.gateway, process.gateway())?;
    let ops = serve("ops", listeners.ops, Some(process.ops.clone()))?;
    let storefront = process.site().map(storefront::build);
    let storefront = serve("storefront", listeners.storefront, storefront)?;
    let here = storefront.as_deref().and_then(|url| site::Gateway::http(url).ok());
    let backoffice = process.site().map(|site| back_office(process, site, here));
    let backoffice = serve("backoffice", listeners.backoffice, backoffice)?;
    let password = process.admin_password().await?;
    let made_up = lived.as_ref().and_then(|lived| lived.admin_password.clone());
    let demo = lived.as_ref().map(Sample::of);
    let ready = Ready {
        gateway,
        ops,
        storefront,
        backoffice,
        data: process.data.path().to_string_lossy().into_owned(),
        admin_password: password.or(made_up),
        demo,
    };
    if ready.demo.is_some()
        && let Some(demo) = &process.demo
    {
        demo.switch(true);
    }
    if json || ready.demo.is_some() {
        process.wait_ready().await;
    }
    let text = if json { ready.line()? } else { ready.banner(parts, tells_orders) };
    let show = banner::show(process.data.path().to_owned(), text, ready.admin_password);
    // A task, so that a stop waits until the password is safe.
    process.tasks.spawn("banner", show);
    process.tell_orders();
    std::future::pending().await
}

/// The back office, which watches the storefront: the one `here`, or the one that the settings name.
fn back_office(process: &Process, site: site::Config, here: Option<site::Gateway>) -> Router {
    let storefront = Website::at(here.or_else(|| process.storefront.clone()));
    let low_stock = backoffice::LowStock(process.low_stock.into());
    let watcher = backoffice::Watcher::new(&site, storefront);
    let (data, tasks) = (&process.data, &process.tasks);
    outages::keep(watcher.watch(), outages::BACK_OFFICE, data, &site.clock, tasks);
    tasks.spawn("backoffice-watch", watcher.clone().run());
    let extras =
        backoffice::Extras { playground: process.is_playground(), book: gateway::has_book() };
    backoffice::build(site, watcher, low_stock, extras)
}

/// How a start is announced.
struct Announce<'a> {
    parts: &'a Parts,
    json: bool,
    tells_orders: bool,
}

impl Sample {
    fn of(lived: &Lived) -> Self {
        let Lived { categories, products, customers, orders, .. } = *lived;
        let (customer, password) = (demo::CUSTOMER, demo::PASSWORD);
        Self { customer, password, categories, products, customers, orders }
    }
}

impl Ready {
    /// Where everything is, for machines.
    fn line(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// Where everything is, for people.
    fn banner(&self, parts: &Parts, tells_orders: bool) -> String {
        let up = if parts.has_all() {
            "Agora is up".to_owned()
        } else {
            format!("Running {}", parts.names())
        };
        let after = since_start().as_millis();
        let mut text = format!("{up}, {after} ms after its start.\n");
        let mut row = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                // A string takes everything.
                let _always = writeln!(text, "  {name:<12} {value}");
            }
        };
        row("storefront", self.storefront.as_deref());
        row("back office", self.backoffice.as_deref());
        row("shop (REST)", self.gateway.as_deref());
        let docs = self.gateway.as_ref().map(|gateway| format!("{gateway}/docs"));
        row("read and try", docs.as_deref());
        let book = docs.as_ref().filter(|_| gateway::has_book());
        row("book", book.map(|docs| format!("{docs}/book")).as_deref());
        let metrics = self.ops.as_ref().map(|ops| format!("{ops}/metrics"));
        row("metrics", metrics.as_deref());
        row("data", Some(&self.data));
        if let Some(password) = &self.admin_password {
            row("manager", Some(&format!("admin, password {password}")));
            let once =
                "(shown only once and never stored in clear; AGORA_ADMIN_PASSWORD sets another)";
            row("", Some(once));
        }
        if let Some(Sample { customer, password, categories, products, customers, orders }) =
            &self.demo
        {
            let goods = format!(
                "{products} products in {categories} categories, {orders} orders of the last year"
            );
            row("sample shop", Some(&goods));
            let others = customers.saturating_sub(1);
            row(
                "customers",
                Some(&format!("{customer} and {others} others, all with the password {password}")),
            );
            row(
                "traffic",
                Some(
                    "customers come and buy by themselves; the dashboard of the back office switches that off",
                ),
            );
        }
        if !tells_orders {
            row(
                "log",
                Some(
                    "without orders; `agora events --follow` shows them, --log-level info logs them",
                ),
            );
        }
        text
    }
}

impl Listeners {
    /// Listens wherever `parts` have something to serve.
    async fn open(settings: &Settings, parts: &Parts) -> anyhow::Result<Self> {
        let wanted = async |part: Part, name: &str| {
            if parts.has(part) { listen(settings, name).await } else { Ok(None) }
        };
        Ok(Self {
            gateway: wanted(Part::Gateway, "listen").await?,
            ops: listen_ops(settings, parts).await?,
            storefront: wanted(Part::Storefront, "storefront-listen").await?,
            backoffice: wanted(Part::Backoffice, "backoffice-listen").await?,
        })
    }
}

/// The listener for metrics. One process of many takes any free port unless one is chosen: they may share a machine.
async fn listen_ops(settings: &Settings, parts: &Parts) -> anyhow::Result<Option<TcpListener>> {
    if parts.has_all() || !settings.is_default("ops-listen") {
        return listen(settings, "ops-listen").await;
    }
    Ok(Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for metrics")?))
}

/// The listener of a setting, unless that says `off`.
async fn listen(settings: &Settings, name: &str) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = listening(settings, name)? else { return Ok(None) };
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!(
                "{address} is in use by another program; stop it or choose another address with --{name}"
            )
        }
        Err(error) => Err(error).with_context(|| {
            format!("cannot listen on {address}; choose another address with --{name}")
        }),
    }
}

/// What can be opened on this machine: who listens on every address is reached at the loopback one too.
fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let is_v4 = address.is_ipv4();
        address.set_ip(if is_v4 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    format!("http://{address}")
}
