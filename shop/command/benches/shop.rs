//! The running shop from outside: starting, answering reads, memory. Whole orders are `agora bench`'s.
//!
//! Every figure is printed with what was asked of it; nothing here fails for being slow.

#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench measures real time, on tasks of its own")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use servers::usage::resident_bytes;
use tempfile::TempDir;
use tokio::{net::TcpStream, task::JoinSet};

const AGORA: &str = env!("CARGO_BIN_EXE_agora");
const PASSWORD: &str = "a password for benches";
const CONNECTIONS: usize = 64;
const LASTING: Duration = Duration::from_secs(4);
/// An order leads to 8 events.
const ORDERS_OF_A_MILLION_EVENTS: &str = "125000";

fn main() -> anyhow::Result<()> {
    // Cargo's own arguments (`--bench`) are none of ours.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = TempDir::with_prefix("agora-bench-")?;
    let small = folder.path().join("small");
    let shop = Shop::start(&small)?;
    row("process start → ready, empty (of 5)", "300 ms", &shop.best_start(&small)?);
    let shop = Shop::start(&small)?;
    row("memory of the whole shop, idle", "45 MiB", &shop.memory()?);
    shop.bench(&["--orders", "0", "--products", "100", "--customers", "1"])?;
    let list = "/product/get-all-products?Limit=100";
    let rate = runtime.block_on(shop.reads(list, None))?;
    row("GET get-all-products (100 products), 64 connections", "8000/s", &rate);
    let token = runtime.block_on(shop.token())?;
    let rate = runtime.block_on(shop.reads("/customer/get-user/admin", Some(&token)))?;
    row("GET get-user with token, 64 connections", "20000/s", &rate);
    shop.stop()?;
    let large = folder.path().join("large");
    let shop = Shop::start(&large)?;
    shop.bench(&["--orders", ORDERS_OF_A_MILLION_EVENTS])?;
    row("memory after 125,000 orders", "200 MiB", &shop.memory()?);
    row("process start → ready, 1,000,000 events (of 5)", "500 ms", &shop.best_start(&large)?);
    Ok(())
}

fn row(what: &str, wanted: &str, reached: &str) {
    println!("{what:<55} {reached:>12}   (wanted: {wanted})");
}

/// A shop in a process of its own.
struct Shop {
    process: Child,
    gateway: String,
    ready_after: Duration,
}

impl Shop {
    fn start(data: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut process = Command::new(AGORA)
            .args(["up", "--json", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
            .args(["--storefront-listen", "127.0.0.1:0", "--backoffice-listen", "127.0.0.1:0"])
            .arg("--data")
            .arg(data)
            .env("AGORA_ADMIN_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("a pipe")?).read_line(&mut line)?;
        let ready_after = started.elapsed();
        let ready: Value = serde_json::from_str(&line).context("the shop did not start")?;
        let gateway = ready.get("gateway").and_then(Value::as_str).context("a gateway")?.to_owned();
        Ok(Self { process, gateway, ready_after })
    }

    /// Stops and starts it five times; the fastest start, since everything else on the machine only slows it.
    fn best_start(mut self, data: &Path) -> anyhow::Result<String> {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            self.stop()?;
            self = Self::start(data)?;
            best = best.min(self.ready_after);
        }
        self.stop()?;
        Ok(format!("{} ms", best.as_millis()))
    }

    fn stop(mut self) -> anyhow::Result<()> {
        let id = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        kill_process(id.context("a process id")?, Signal::TERM)?;
        self.process.wait()?;
        Ok(())
    }

    /// What is resident now.
    fn memory(&self) -> anyhow::Result<String> {
        Ok(format!("{} MiB", resident_bytes(self.process.id())? >> 20))
    }

    /// Runs the load of `agora bench` against it.
    fn bench(&self, args: &[&str]) -> anyhow::Result<()> {
        let status = Command::new(AGORA)
            .args(["bench", "--url", &self.gateway])
            .args(args)
            .env("AGORA_ADMIN_PASSWORD", PASSWORD)
            .stderr(Stdio::null())
            .status()?;
        anyhow::ensure!(status.success(), "the load failed");
        Ok(())
    }

    async fn token(&self) -> anyhow::Result<String> {
        let client = reqwest::Client::new();
        let log_in = serde_json::json!({ "UserName": "admin", "Password": PASSWORD });
        let answer =
            client.post(format!("{}/customer/login-user", self.gateway)).json(&log_in).send();
        let answer: Value = answer.await?.error_for_status()?.json().await?;
        Ok(answer.get("Token").and_then(Value::as_str).context("a token")?.to_owned())
    }

    /// Asks for `path` over and over on each of the connections; answers a second.
    async fn reads(&self, path: &str, token: Option<&str>) -> anyhow::Result<String> {
        let mut connections = JoinSet::new();
        let until = Instant::now() + LASTING;
        for _ in 0..CONNECTIONS {
            let address = self.gateway.trim_start_matches("http://").to_owned();
            let (path, token) = (path.to_owned(), token.map(|token| format!("Bearer {token}")));
            connections.spawn(ask_until(until, address, path, token));
        }
        let mut answers = 0;
        while let Some(asked) = connections.join_next().await {
            answers += asked??;
        }
        Ok(format!("{}/s", answers / LASTING.as_secs()))
    }
}

async fn ask_until(
    until: Instant,
    address: String,
    path: String,
    token: Option<String>,
) -> anyhow::Result<u64> {
    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut answers = 0;
    while Instant::now() < until {
        let mut request = Request::get(&path).header("host", &address);
        if let Some(token) = &token {
            request = request.header("authorization", token);
        }
        sender.ready().await?;
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.into_body().collect().await?;
        answers += 1;
    }
    Ok(answers)
}
