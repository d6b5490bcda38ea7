//! The whole distributed system: real engines, and every part of the shop in processes of its own.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use servers::{CouchDb, Mongodb, Postgres, RabbitMq, Redis};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::{Mutex, MutexGuard},
};

use crate::{
    run::{output, program},
    shop::{Folder, PASSWORD, PATIENCE, Person, visitor},
};

const SECRET: &str = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";

/// Where the events are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    MongoDb,
    Log,
}

/// Engines and processes; all gone when this is dropped.
pub(super) struct System {
    pub(super) rabbitmq: RabbitMq,
    pub(super) mongodb: Mongodb,
    pub(super) redis: Redis,
    pub(super) postgres: Postgres,
    pub(super) couchdb: CouchDb,
    pub(super) folder: Folder,
    store: Store,
    keys: Value,
    nodes: BTreeMap<(&'static str, usize), Node>,
    gateway: Option<String>,
    _turn: MutexGuard<'static, ()>,
}

/// A dozen processes and five engines are enough for one machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// One process of the shop.
struct Node {
    process: Child,
    ready: Option<Value>,
}

impl System {
    /// The engines, and nothing of the shop yet.
    pub(super) async fn engines(store: Store) -> Self {
        let turn = TURN.lock().await;
        let rabbitmq = RabbitMq::start().expect("a broker");
        let mut keys = program();
        keys.args(["keys", "--json"]).env("AGORA_SHOP_SECRET", SECRET);
        let keys = output(&mut keys).await.expect_code(0).json();
        Self {
            rabbitmq,
            mongodb: Mongodb::start(&[]).expect("a server"),
            redis: Redis::start().expect("a server"),
            postgres: Postgres::start().expect("a server"),
            couchdb: CouchDb::start_ours().expect("a server"),
            folder: Folder::new(),
            store,
            keys,
            nodes: BTreeMap::new(),
            gateway: None,
            _turn: turn,
        }
    }

    /// The engines, and so many instances of each service and of what can stand by, all ready.
    pub(super) async fn start(store: Store, instances: usize) -> Self {
        let mut system = Self::engines(store).await;
        // In the order in which they need each other least: everybody waits for what is not there yet.
        for part in ["gateway", "accounting", "order", "product", "customer"] {
            for instance in 0..if part == "gateway" { 1 } else { instances } {
                system.run(part, instance);
            }
        }
        let stores = if store == Store::MongoDb { instances } else { 1 };
        (0..stores).for_each(|instance| system.run("event-store", instance));
        system.all_ready().await;
        system
    }

    /// Starts a part, or starts it again.
    pub(super) fn run(&mut self, part: &'static str, instance: usize) {
        let name = format!("{part}-{instance}");
        let path = self.folder.path().join(format!("{name}.log"));
        let log = fs::File::options().create(true).append(true).open(path);
        let mut command = program();
        command.args(["run", part, "--json", "--data"]).arg(self.folder.path().join(&name));
        command.envs(self.settings(part));
        if part == "gateway" {
            // Whoever knows its address goes on using it when it comes back.
            let address = self.gateway.as_deref().unwrap_or("http://127.0.0.1:0");
            command.args(["--listen", address.trim_start_matches("http://")]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.expect("a file"));
        let process = command.spawn().expect("it starts");
        self.nodes.insert((part, instance), Node { process, ready: None });
    }

    fn settings(&self, part: &str) -> Vec<(&'static str, String)> {
        let amqp = self.rabbitmq.url("/");
        let mut settings = vec![("AGORA_BUS", amqp), ("AGORA_LOG_LEVEL", "info".to_owned())];
        if part == "customer" {
            settings.push(("AGORA_SHOP_SECRET", SECRET.to_owned()));
            settings.push(("AGORA_ADMIN_PASSWORD", PASSWORD.to_owned()));
        } else {
            let key = self.keys["token-key"].as_str().expect("a key").to_owned();
            settings.push(("AGORA_TOKEN_KEY", key));
        }
        let model = match part {
            "customer" => ("AGORA_CUSTOMER_MODEL", self.redis.url()),
            "order" => ("AGORA_ORDER_MODEL", self.postgres.url()),
            "accounting" => ("AGORA_ACCOUNTING_MODEL", format!("{}/books", self.couchdb.url())),
            "event-store" if self.store == Store::MongoDb => {
                ("AGORA_EVENT_STORE", self.mongodb.url("agora"))
            }
            _ => return settings,
        };
        settings.push(model);
        settings
    }

    /// Waits until every process says that it is ready.
    pub(super) async fn all_ready(&mut self) {
        for ((part, instance), node) in &mut self.nodes {
            if node.ready.is_some() {
                continue;
            }
            let mut stdout = BufReader::new(node.process.stdout.take().expect("a pipe"));
            let mut line = String::new();
            let read = tokio::time::timeout(PATIENCE, stdout.read_line(&mut line)).await;
            let log = || last_words(self.folder.path());
            assert!(read.is_ok_and(|read| read.is_ok()), "{part} {instance} is ready: {}", log());
            let ready: Value = serde_json::from_str(&line)
                .unwrap_or_else(|_| panic!("{part} {instance} started: {}", log()));
            if *part == "gateway" {
                self.gateway = ready["gateway"].as_str().map(str::to_owned);
            }
            node.ready = Some(ready);
        }
    }

    pub(super) fn visitor(&self) -> Person {
        visitor(self.gateway.as_deref().expect("the gateway is ready"))
    }

    pub(super) async fn manager(&self) -> Person {
        self.visitor().log_in("admin", PASSWORD).await
    }

    pub(super) fn url(&self) -> &str {
        self.gateway.as_deref().expect("the gateway is ready")
    }

    pub(super) fn signal(&self, part: &'static str, instance: usize, signal: Signal) {
        let id = self.nodes[&(part, instance)].process.id().expect("it runs");
        let id = Pid::from_raw(i32::try_from(id).expect("a process id")).expect("a process id");
        kill_process(id, signal).expect("it can be signalled");
    }

    /// `kill -9`, and waits for its end.
    pub(super) async fn kill(&mut self, part: &'static str, instance: usize) {
        let mut node = self.nodes.remove(&(part, instance)).expect("it runs");
        node.process.kill().await.expect("it ends");
    }

    /// Asks every process to stop, all at once; each must do so cleanly within 10 s.
    pub(super) async fn stop(&mut self) {
        for (part, instance) in self.nodes.keys() {
            self.signal(part, *instance, Signal::TERM);
        }
        for ((part, instance), mut node) in std::mem::take(&mut self.nodes) {
            let ended =
                tokio::time::timeout(std::time::Duration::from_secs(10), node.process.wait());
            let status = ended.await.unwrap_or_else(|_| panic!("{part} {instance} stops in 10 s"));
            assert!(status.expect("it ends").success(), "{part} {instance} stops cleanly");
        }
    }

    /// Memory of the shop's own processes together, in bytes.
    pub(super) fn memory(&self) -> u64 {
        let resident = |node: &Node| {
            let status = fs::read_to_string(format!("/proc/{}/status", node.process.id()?)).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        self.nodes.values().filter_map(resident).sum::<u64>() * 1024
    }
}

impl Drop for System {
    /// What the processes said last is the only witness of a failed test.
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", last_words(self.folder.path()));
        }
    }
}

/// The ends of all logs in a folder: who is not ready usually waits for another.
fn last_words(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let logs = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "log"));
    let ends = logs.map(|entry| {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(25)..).unwrap_or_default();
        format!("\n{}:\n{}", entry.path().display(), last.join("\n"))
    });
    ends.collect::<Vec<_>>().concat()
}

/// A command against the system's gateway, as its manager.
pub(super) fn tool(system: &System, args: &[&str]) -> Command {
    let mut command = program();
    command.env("AGORA_ADMIN_PASSWORD", PASSWORD).args(args).args(["--url", system.url()]);
    command
}
