//! The distributed shop, every part a process of its own over real engines, all of it on this machine.
//!
//! Every figure is printed with what was asked of it; nothing here fails for being slow.

#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::{
    collections::BTreeMap,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use reqwest::Client;
use rustix::process::Signal;
use serde_json::{Value, json};
use servers::{Store, System, system::PASSWORD};
use tokio::process::Command;

const AGORA: &str = env!("CARGO_BIN_EXE_agora");
/// As many orders as take half a minute or more.
const ORDERS: f64 = 5000.0;
/// Pause between two attempts to write while the event store is down.
const AGAIN: Duration = Duration::from_millis(20);
/// Writing goes on so long after a fault.
const WATCHED: Duration = Duration::from_secs(25);

fn main() -> anyhow::Result<()> {
    // Cargo's own arguments (`--bench`) are none of ours.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("── events in MongoDB");
        orders(Store::MongoDb, "400/s").await?;
        println!("── events in the own log");
        orders(Store::Log, "1000/s").await?;
        println!("── a standby takes over");
        take_over().await
    })
}

fn row(what: &str, wanted: &str, reached: &str) {
    println!("{what:<55} {reached:>12}   (wanted: {wanted})");
}

async fn orders(store: Store, wanted: &str) -> anyhow::Result<()> {
    let mut system = System::start(AGORA, store, 1).await?;
    row("memory of our processes, idle", "200 MiB", &memory(&system)?);
    let alone = bench(&system, &["--orders", "0", "--single", "300"]).await?;
    row(
        "one order alone, place → final, p50",
        "60 ms",
        &format!("{} ms", number(&alone, "/single_ms/p50")?),
    );
    let before = system.processor_time()?;
    let report = bench(&system, &["--orders", &ORDERS.to_string()]).await?;
    let after = system.processor_time()?;
    row(
        "whole orders, 64 in flight",
        wanted,
        &format!("{:.0}/s", number(&report, "/orders_per_s")?),
    );
    let latency = |name: &str| number(&report, &format!("/final_ms/{name}"));
    println!("place → final: p50 {} ms, p99 {} ms", latency("p50")?, latency("p99")?);
    row("memory of our processes after that", "200 MiB", &memory(&system)?);
    limits(&before, &after, number(&report, "/seconds")?);
    for complaint in system.complaints()? {
        println!("  {complaint}");
    }
    system.stop().await
}

/// What of the machine who used while the orders ran.
fn limits(
    before: &BTreeMap<&'static str, Duration>,
    after: &BTreeMap<&'static str, Duration>,
    seconds: f64,
) {
    let used = after.iter().map(|(name, after)| {
        let before = before.get(name).copied().unwrap_or_default();
        (*name, after.saturating_sub(before).as_secs_f64())
    });
    let mut used: Vec<(&str, f64)> = used.collect();
    used.sort_by(|one, other| other.1.total_cmp(&one.1));
    let all: f64 = used.iter().map(|(_, seconds)| seconds).sum();
    println!(
        "processors: {:.2} of them busy with this, set-up included; a whole order costs",
        all / seconds
    );
    for (name, seconds) in used {
        println!("  {name:<12} {:>7.2} ms", seconds * 1000.0 / ORDERS);
    }
}

fn memory(system: &System) -> anyhow::Result<String> {
    Ok(format!("{} MiB", system.memory()? >> 20))
}

/// Runs the load of `agora bench` against it.
async fn bench(system: &System, args: &[&str]) -> anyhow::Result<Value> {
    let mut command = Command::new(AGORA);
    command.args(["bench", "--json", "--url", system.url()]).args(args);
    command.env("AGORA_ADMIN_PASSWORD", PASSWORD).stderr(Stdio::null());
    let output = command.output().await?;
    ensure!(output.status.success(), "the load failed with {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn number(report: &Value, pointer: &str) -> anyhow::Result<f64> {
    report.pointer(pointer).and_then(Value::as_f64).with_context(|| pointer.to_owned())
}

/// How long no write was possible when the recording event store, one of the two, was lost.
async fn take_over() -> anyhow::Result<()> {
    let mut system = System::start(AGORA, Store::MongoDb, 2).await?;
    let writer = Writer::log_in(&system).await?;
    let mut longest = Duration::ZERO;
    for instance in 0..2 {
        system.kill("event-store", instance).await?;
        longest = longest.max(writer.pause().await?);
        system.run("event-store", instance)?;
        system.all_ready().await?;
    }
    row("killed (kill -9): longest time without a write", "10 s", &format!("{longest:.1?}"));
    longest = Duration::ZERO;
    for instance in 0..2 {
        system.signal("event-store", instance, Signal::STOP)?;
        longest = longest.max(writer.pause().await?);
        system.signal("event-store", instance, Signal::CONT)?;
        writer.pause().await?;
    }
    row("stopped (SIGSTOP): longest time without a write", "10 s", &format!("{longest:.1?}"));
    system.stop().await
}

/// A manager who sets credit, again and again.
struct Writer {
    client: Client,
    gateway: String,
    token: String,
}

impl Writer {
    async fn log_in(system: &System) -> anyhow::Result<Self> {
        let (client, gateway) = (Client::new(), system.url().to_owned());
        let log_in = json!({ "UserName": "admin", "Password": PASSWORD });
        let answer = client.post(format!("{gateway}/customer/login-user")).json(&log_in).send();
        let session: Value = answer.await?.error_for_status()?.json().await?;
        let token = session.get("Token").and_then(Value::as_str).context("a token")?.to_owned();
        Ok(Self { client, gateway, token })
    }

    /// Writes on for a while; the longest time between two writes that were taken.
    async fn pause(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let (mut last, mut longest) = (started, Duration::ZERO);
        while started.elapsed() < WATCHED {
            let credit = json!({ "UserName": "admin", "Change": 1 });
            let write = self.client.post(format!("{}/customer/set-credit", self.gateway));
            let write = write.bearer_auth(&self.token).json(&credit).send().await;
            if write.is_ok_and(|answer| answer.status().is_success()) {
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(longest.max(last.elapsed()))
    }
}
