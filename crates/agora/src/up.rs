//! `agora up`: the whole shop in this process.

use std::{io, net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use chassis::http;
use clap::Args as ClapArgs;
use serde::Serialize;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{cli::Outcome, config::Flags, logging, process::Process, term};

const HELP: &str = "\
Everything runs in this one process: event store, bus, the four services and the gateway. What it says where it is in the
way, it says in one sentence with the remedy. Ctrl-C (or SIGTERM) stops it cleanly; what it acknowledged survives even
if it is killed.

Examples:
  agora up
  agora up --data /srv/shop --listen 0.0.0.0:8080
  AGORA_ADMIN_PASSWORD_FILE=/run/secrets/admin agora up --config shop.toml

Exit codes: 0 stopped as asked, 1 could not start or a part failed, 2 wrong usage.";

/// Run the whole shop in this process
#[derive(ClapArgs, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Flags,
    /// Print one line of JSON with the addresses once the shop is ready
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Ready<'a> {
    gateway: String,
    ops: String,
    data: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_password: Option<&'a str>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let settings = args.settings.resolve()?;
    logging::init(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(Box::pin(serve(&settings, args.json)));
    // Whatever still blocks (a hash, a query) has nobody waiting for it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve(settings: &crate::config::Settings, json: bool) -> anyhow::Result<Outcome> {
    // From here on, so that nobody who sees the shop announced can stop it any other way.
    let signals = Signals::new()?;
    let gateway = listen(settings, "listen").await?;
    let ops = listen(settings, "ops-listen").await?;
    let process = Process::start(settings).await?;
    let (address, ops_address) = (gateway.local_addr()?, ops.local_addr()?);
    let stop = process.tasks.stop_token();
    process.tasks.spawn("gateway", http::serve(gateway, process.routes.clone(), stop.clone()));
    process.tasks.spawn("ops", http::serve(ops, process.ops.clone(), stop));
    let password = process.admin_password().await;
    if json {
        process.wait_ready().await;
        let data = process.data.to_str().unwrap_or_default();
        let ready = Ready {
            gateway: url(address),
            ops: url(ops_address),
            data,
            admin_password: password.as_deref(),
        };
        term::json(&ready)?;
    } else {
        announce(&process, address, ops_address, password.as_deref())?;
    }
    tokio::select! {
        biased;
        signal = signals.first() => tracing::info!("{signal} received; finishing what has begun"),
        () = process.tasks.stopped() => {}
    }
    let drained = process.tasks.shutdown().await;
    if process.tasks.failed() {
        bail!("a part of the shop failed; see the log above. What was acknowledged is recorded");
    }
    if !drained {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

async fn listen(settings: &crate::config::Settings, name: &str) -> anyhow::Result<TcpListener> {
    let address: SocketAddr = settings.get(name)?;
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!(
                "{address} is taken by another program; stop that one or choose another address with --{name}"
            )
        }
        Err(error) => Err(error).with_context(|| {
            format!("cannot listen on {address}; choose another address with --{name}")
        }),
    }
}

fn announce(
    process: &Process,
    gateway: SocketAddr,
    ops: SocketAddr,
    password: Option<&str>,
) -> io::Result<()> {
    let gateway = url(gateway);
    term::line(format_args!(
        "Agora is up, {} ms after its start.",
        crate::process::since_process_start().as_millis()
    ))?;
    term::line(format_args!("  shop (REST)  {gateway}"))?;
    term::line(format_args!("  read and try {gateway}/docs"))?;
    term::line(format_args!("  metrics      {}/metrics", url(ops)))?;
    term::line(format_args!("  data         {}", process.data.display()))?;
    match password {
        Some(password) => {
            term::line(format_args!("  manager      admin, password {password}"))?;
            term::line(
                "               (shown this once and kept nowhere in clear; AGORA_ADMIN_PASSWORD sets another)",
            )
        }
        None => Ok(()),
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// The signals that ask for a stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate })
    }

    async fn first(mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
