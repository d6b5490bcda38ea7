//! A whole shop in a process of its own, and requests to it byte by byte.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, header::CONTENT_TYPE};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

use crate::run::program;

/// The manager's password.
pub(super) const PASSWORD: &str = "a-manager-of-tests";
/// The shop's secret, so that the tests can make tokens as good as its own.
pub(super) const SECRET: [u8; 32] = [7; 32];

/// How long anything may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running shop.
pub(super) struct Shop {
    folder: tempfile::TempDir,
    process: Child,
    gateway: String,
    ops: String,
    /// The highest position that was answered.
    position: AtomicU64,
}

/// A request that can be sent again.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Bytes,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    pub(super) fn new(method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { method, path, headers: BTreeMap::new(), body: Bytes::new() }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With this as its body, said to be JSON.
    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Panics unless this is a success; its JSON.
    #[track_caller]
    pub(super) fn done(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }
}

impl Shop {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (process, gateway, ops) = launch(folder.path()).await;
        Self { folder, process, gateway, ops, position: AtomicU64::new(0) }
    }

    /// Stops the process as an operator would, and starts another one on the same data.
    pub(super) async fn restart(&mut self) {
        let pid = self.process.id().and_then(|id| i32::try_from(id).ok()).expect("it runs");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process has an id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is ours");
        let stopped = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        assert!(stopped.expect("it stops in time").expect("it ran").success());
        (self.process, self.gateway, self.ops) = launch(self.folder.path()).await;
    }

    /// The answer to a request, whole. What it changed is seen by every [`Shop::get`] that follows.
    pub(super) async fn ask(&self, asked: &Asked) -> Answer {
        let answer = tokio::time::timeout(PATIENCE, send(&self.gateway, asked)).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {asked:?}"));
        let reached = answer.headers.get("agora-position").and_then(|value| value.to_str().ok());
        if let Some(reached) = reached.and_then(|value| value.parse().ok()) {
            self.position.fetch_max(reached, Ordering::Relaxed);
        }
        answer
    }

    /// The answer to a request that is good, sent as a client does that reads its own writes.
    async fn ask_on(&self, asked: Asked) -> Value {
        let position = self.position.load(Ordering::Relaxed).to_string();
        self.ask(&asked.header("agora-position", &position)).await.done()
    }

    pub(super) async fn get(&self, token: &str, path: &str) -> Value {
        self.ask_on(Asked::new("GET", path).token(token)).await
    }

    pub(super) async fn post(&self, token: &str, path: &str, body: &Value) -> Value {
        let asked = Asked::new("POST", path).json(body);
        let asked = if token.is_empty() { asked } else { asked.token(token) };
        self.ask_on(asked).await
    }

    /// A token of that user.
    pub(super) async fn log_in(&self, user: &str, password: &str) -> String {
        let body = json!({ "UserName": user, "Password": password });
        let session = self.post("", "/customer/login-user", &body).await;
        session["Token"].as_str().expect("a session has a token").to_owned()
    }

    /// Asks until the answer is as wanted.
    pub(super) async fn wait_for(
        &self,
        token: &str,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let waiting = async {
            loop {
                let answer = self.get(token, path).await;
                if wanted(&answer) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("{path} never became as wanted"))
    }

    /// The samples of a metric: labels and value.
    pub(super) async fn metric(&self, name: &str) -> Vec<(String, f64)> {
        let answer = send(&self.ops, &Asked::new("GET", "/metrics")).await;
        let text = String::from_utf8(answer.body.to_vec()).expect("metrics are text");
        let samples = text.lines().filter_map(|line| {
            let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
            Some((labels.to_owned(), value.parse().expect("a sample is a number")))
        });
        samples.collect()
    }
}

#[expect(clippy::format_collect, reason = "a secret is short")]
async fn launch(folder: &std::path::Path) -> (Child, String, String) {
    let secret: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut process: Command = program();
    process
        .args(["up", "--json", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("data"))
        .envs([("AGORA_ADMIN_PASSWORD", PASSWORD), ("AGORA_LOG_LEVEL", "error")])
        .env("AGORA_SHOP_SECRET", secret)
        .env("AGORA_REGISTRATIONS_PER_ADDRESS", "1000")
        .stdout(Stdio::piped());
    let mut process = process.spawn().expect("it starts");
    let mut lines = BufReader::new(process.stdout.take().expect("is piped")).lines();
    let ready = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("starts in time");
    let ready = ready.expect("UTF-8").expect("a line before it ends");
    let ready: Value = serde_json::from_str(&ready).expect("a line of JSON");
    let address = |name: &str| {
        let url = ready[name].as_str().and_then(|url| url.strip_prefix("http://"));
        url.expect("it says where it is").to_owned()
    };
    (process, address("gateway"), address("ops"))
}

/// One request over a connection of its own: what it does to that is no matter to the next.
#[expect(clippy::disallowed_methods, reason = "a test's own connection ends with it")]
async fn send(address: &str, asked: &Asked) -> Answer {
    let connection = TcpStream::connect(address).await.expect("it listens");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await.expect("HTTP/1.1");
    let driver = tokio::spawn(connection);
    let mut request =
        Request::builder().method(asked.method.as_str()).uri(&asked.path).header("host", address);
    for (name, value) in &asked.headers {
        // As bytes: what no client should send is sent too.
        request = request.header(name, value.as_bytes());
    }
    let request = request.body(Full::new(asked.body.clone())).expect("can be sent");
    let response = sender.send_request(request).await;
    let response = response.unwrap_or_else(|error| panic!("{error}: {asked:?}"));
    let (parts, body) = response.into_parts();
    let endless = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    let body =
        if endless { Bytes::new() } else { body.collect().await.expect("is whole").to_bytes() };
    driver.abort();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}
