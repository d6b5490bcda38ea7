//! The built bank as its user runs it: over HTTP, killed, started again; then over RabbitMQ and PostgreSQL, by URLs alone.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use servers::{Postgres, RabbitMq, free_port};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running bank.
struct Bank {
    child: Child,
    port: u16,
}

impl Bank {
    fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let port = free_port().expect("a free port");
        let mut command = Command::new(env!("CARGO_BIN_EXE_bank"));
        command.env("BANK_DATA", data).env("BANK_LISTEN", format!("127.0.0.1:{port}"));
        command.envs(settings.iter().copied()).stderr(Stdio::inherit());
        let bank = Self { child: command.spawn().expect("the bank starts"), port };
        wait_for("readiness", || {
            bank.ask("GET", "/health/ready", None).is_ok_and(|(status, _)| status == 200)
        });
        bank
    }

    /// Sends a request on a connection of its own.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<(u16, Value)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: bank\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn post(&self, account: &str, command: &Value) {
        let (status, body) =
            self.ask("POST", &format!("/accounts/{account}"), Some(command)).expect("an answer");
        assert_eq!(status, 200, "{account} {command}: {body}");
    }

    fn holds(&self, account: &str, cents: i64) {
        wait_for(&format!("{cents} cents of {account}"), || {
            let answer = self.ask("GET", &format!("/accounts/{account}"), None);
            answer.is_ok_and(|(_, body)| body.get("cents") == Some(&cents.into()))
        });
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        let _already_dead = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

/// Waits until `holds`; a deadline that no test comes near to.
#[expect(clippy::disallowed_methods, reason = "a process outside has no clock of ours")]
fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "without success: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Two accounts, and money between them, which is right after every kill.
fn live(start: impl Fn() -> Bank) {
    let mut bank = start();
    for account in ["ada", "bob"] {
        bank.post(account, &json!("Open"));
    }
    bank.post("ada", &json!({ "Deposit": { "cents": 1000 } }));
    for round in 1..=3 {
        for _ in 0..10 {
            bank.post("ada", &json!({ "Send": { "to": "bob", "cents": 7 } }));
        }
        // While some of it may still be on its way.
        bank.kill();
        bank = start();
        bank.holds("ada", 1000 - 70 * round);
        bank.holds("bob", 70 * round);
    }
}

#[test]
fn killed_and_started_again_it_has_every_cent() {
    let folder = tempfile::tempdir().expect("a folder");
    live(|| Bank::start(folder.path(), &[]));
}

#[test]
fn urls_alone_put_it_on_rabbitmq_and_postgresql() {
    let folder = tempfile::tempdir().expect("a folder");
    let (broker, server) = (RabbitMq::shared(), Postgres::start().expect("PostgreSQL"));
    let (bus, models) = (broker.url(&broker.vhost().expect("a virtual host")), server.url());
    let both = [("BANK_BUS", &*bus), ("BANK_MODELS", &*models)];
    live(|| Bank::start(folder.path(), &both));
    // A second process of the same bank: its events come over the bus, its read model is shared.
    let (first, other) =
        (Bank::start(folder.path(), &both), tempfile::tempdir().expect("a folder"));
    let second = Bank::start(other.path(), &[both[0], both[1], ("BANK_STORE", "bus:")]);
    second.holds("bob", 210);
    second.post("bob", &json!({ "Send": { "to": "ada", "cents": 10 } }));
    first.holds("ada", 800);
    second.holds("ada", 800);
}

#[test]
fn a_start_that_cannot_succeed_says_why_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Bank::start(folder.path(), &[]);
    let other = tempfile::tempdir().expect("a folder");
    let taken = format!("127.0.0.1:{}", running.port);
    for (settings, said) in [
        (
            [("BANK_DATA", other.path().to_str().expect("UTF-8")), ("BANK_LISTEN", &*taken)],
            "cannot listen on",
        ),
        (
            [("BANK_DATA", folder.path().to_str().expect("UTF-8")), ("BANK_LISTEN", "127.0.0.1:0")],
            "the log in",
        ),
        (
            [("BANK_DATA", other.path().to_str().expect("UTF-8")), ("BANK_BUS", "kafka:x")],
            "BANK_BUS cannot be used",
        ),
    ] {
        let ended =
            Command::new(env!("CARGO_BIN_EXE_bank")).envs(settings).output().expect("it runs");
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && told.contains(said), "{told}");
        assert!(!told.contains("panicked"), "{told}");
    }
}
