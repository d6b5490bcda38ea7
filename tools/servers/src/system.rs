//! The whole distributed shop: real engines, and every part of the shop in processes of its own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::{Mutex, MutexGuard},
    time::timeout,
};

use crate::{CouchDb, Folder, Mongodb, Postgres, RabbitMq, Redis, free_port, usage};

/// The manager's.
pub const PASSWORD: &str = "the manager's own password";
/// The shop's secret, of which all its keys derive.
pub const SECRET: &str = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";

/// What is not ready by then never will be.
const PATIENCE: Duration = Duration::from_mins(4);
/// A clean stop takes no longer, whatever the load.
const STOP_MAX: Duration = Duration::from_mins(1);

/// Where the events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A database `agora` of [`System::mongodb`].
    MongoDb,
    /// A log in the folder of the one event store.
    Log,
}

/// Engines and processes; all gone when this is dropped.
#[derive(Debug)]
pub struct System {
    pub rabbitmq: RabbitMq,
    /// Where the processes that are started from now on find the broker.
    pub broker_port: u16,
    /// Additional arguments of these.
    pub settings: Vec<(&'static str, String)>,
    pub mongodb: Mongodb,
    pub redis: Redis,
    pub postgres: Postgres,
    pub couchdb: CouchDb,
    /// The services that the command knows.
    pub services: Vec<&'static str>,
    program: PathBuf,
    folder: Folder,
    store: Store,
    token_key: String,
    nodes: BTreeMap<(&'static str, usize), Node>,
    gateway: String,
    _turn: MutexGuard<'static, ()>,
}

/// A dozen processes and five engines are enough for one machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// One process of the shop.
#[derive(Debug)]
struct Node {
    process: Child,
    ready: bool,
}

impl System {
    /// The engines, and nothing yet of the shop whose built command `program` is.
    pub async fn engines(program: impl Into<PathBuf>, store: Store) -> anyhow::Result<Self> {
        let (program, turn) = (program.into(), TURN.lock().await);
        let rabbitmq = RabbitMq::start()?;
        rabbitmq.add_users("/")?;
        let mut keys = Command::new(&program);
        keys.env_clear().args(["keys", "--json"]).env("AGORA_SHOP_SECRET", SECRET);
        let keys: Value = serde_json::from_slice(&keys.output().await?.stdout)?;
        let token_key = keys.get("token-key").and_then(Value::as_str).context("a token key")?;
        Ok(Self {
            broker_port: rabbitmq.port(),
            settings: Vec::new(),
            rabbitmq,
            mongodb: Mongodb::start(&[])?,
            redis: Redis::start()?,
            postgres: Postgres::start()?,
            couchdb: CouchDb::start_ours()?,
            services: services(&program).await?,
            program,
            folder: Folder::new("system")?,
            store,
            token_key: token_key.to_owned(),
            nodes: BTreeMap::new(),
            gateway: format!("http://127.0.0.1:{}", free_port()?),
            _turn: turn,
        })
    }

    /// The engines, one gateway, and so many instances of each service and of an event store that can stand by, all ready.
    pub async fn start(
        program: impl Into<PathBuf>,
        store: Store,
        instances: usize,
    ) -> anyhow::Result<Self> {
        let mut system = Self::engines(program, store).await?;
        system.run_all(instances).await?;
        Ok(system)
    }

    /// Starts one gateway and so many instances of everything else, and waits until all are ready.
    pub async fn run_all(&mut self, instances: usize) -> anyhow::Result<()> {
        self.run("gateway", 0)?;
        for service in self.services.clone() {
            (0..instances).try_for_each(|instance| self.run(service, instance))?;
        }
        let stores = if self.store == Store::MongoDb { instances } else { 1 };
        (0..stores).try_for_each(|instance| self.run("event-store", instance))?;
        self.all_ready().await
    }

    /// Starts a part, or starts it again.
    pub fn run(&mut self, part: &'static str, instance: usize) -> anyhow::Result<()> {
        let name = format!("{part}-{instance}");
        let path = self.folder.path().join(format!("{name}.log"));
        let log = fs::File::options().create(true).append(true).open(path)?;
        let mut command = Command::new(&self.program);
        command.env_clear().kill_on_drop(true).envs(self.settings(part));
        command.args(["run", part, "--json", "--data"]).arg(self.data(part, instance));
        if part == "gateway" {
            // It comes back at the same address, which clients go on using.
            command.args(["--listen", self.gateway.trim_start_matches("http://")]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let process = command.spawn()?;
        self.nodes.insert((part, instance), Node { process, ready: false });
        Ok(())
    }

    fn settings(&self, part: &str) -> Vec<(&'static str, String)> {
        // Each part with its own user, as in deploy/.
        let bus = RabbitMq::url_of(part, self.broker_port, "%2f");
        let mut settings = self.settings.clone();
        settings.extend([("AGORA_BUS", bus), ("AGORA_LOG_LEVEL", "info".to_owned())]);
        if part == "customer" {
            settings.push(("AGORA_SHOP_SECRET", SECRET.to_owned()));
            settings.push(("AGORA_ADMIN_PASSWORD", PASSWORD.to_owned()));
        } else {
            settings.push(("AGORA_TOKEN_KEY", self.token_key.clone()));
        }
        let own = match part {
            "customer" => ("AGORA_CUSTOMER_MODEL", self.redis.url()),
            "order" => ("AGORA_ORDER_MODEL", self.postgres.url()),
            "accounting" => ("AGORA_ACCOUNTING_MODEL", format!("{}/books", self.couchdb.url())),
            "event-store" if self.store == Store::MongoDb => {
                ("AGORA_EVENT_STORE", self.mongodb.url("agora"))
            }
            _ => return settings,
        };
        settings.push(own);
        settings
    }

    /// The data folder of a process.
    #[must_use]
    pub fn data(&self, part: &str, instance: usize) -> PathBuf {
        self.folder.path().join(format!("{part}-{instance}"))
    }

    /// Waits until every process reports that it is ready.
    pub async fn all_ready(&mut self) -> anyhow::Result<()> {
        for ((part, instance), node) in &mut self.nodes {
            if node.ready {
                continue;
            }
            let stdout = node.process.stdout.take().context("a pipe")?;
            let (mut line, mut stdout) = (String::new(), BufReader::new(stdout));
            // A part that is not ready usually waits for another one.
            let Ok(read) = timeout(PATIENCE, stdout.read_line(&mut line)).await else {
                bail!("{part} {instance} is not ready: {}", last_words(self.folder.path()));
            };
            read?;
            if serde_json::from_str::<Value>(&line).is_err() {
                bail!("{part} {instance} did not start: {}", last_words(self.folder.path()));
            }
            node.ready = true;
        }
        Ok(())
    }

    /// The gateway's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.gateway
    }

    /// Sends a signal to a process.
    pub fn signal(
        &self,
        part: &'static str,
        instance: usize,
        signal: Signal,
    ) -> anyhow::Result<()> {
        let node = self.nodes.get(&(part, instance)).context("it does not run")?;
        let id = node.process.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        Ok(kill_process(id.context("it has ended")?, signal)?)
    }

    /// `kill -9`, and waits for its end.
    pub async fn kill(&mut self, part: &'static str, instance: usize) -> anyhow::Result<()> {
        let mut node = self.nodes.remove(&(part, instance)).context("it does not run")?;
        Ok(node.process.kill().await?)
    }

    /// Asks a process to stop, which it must do cleanly within 10 s.
    pub async fn leave(&mut self, part: &'static str, instance: usize) -> anyhow::Result<()> {
        self.signal(part, instance, Signal::TERM)?;
        self.ends_well(part, instance).await
    }

    /// Asks every process to stop, all at once; each must do so cleanly within 10 s.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let all: Vec<_> = self.nodes.keys().copied().collect();
        for (part, instance) in &all {
            self.signal(part, *instance, Signal::TERM)?;
        }
        for (part, instance) in all {
            self.ends_well(part, instance).await?;
        }
        Ok(())
    }

    async fn ends_well(&mut self, part: &'static str, instance: usize) -> anyhow::Result<()> {
        let mut node = self.nodes.remove(&(part, instance)).context("it does not run")?;
        let ended = timeout(STOP_MAX, node.process.wait()).await;
        let status = ended.with_context(|| format!("{part} {instance} does not stop"))??;
        ensure!(status.success(), "{part} {instance} stops with {status}");
        Ok(())
    }

    /// Waits until a process ends that must not start; what it logged.
    pub async fn refuses(&mut self, part: &'static str, instance: usize) -> anyhow::Result<String> {
        let mut node = self.nodes.remove(&(part, instance)).context("it does not run")?;
        let status = timeout(PATIENCE, node.process.wait()).await.context("it runs")??;
        ensure!(status.code() == Some(1), "{part} {instance} ends with {status}");
        Ok(fs::read_to_string(self.folder.path().join(format!("{part}-{instance}.log")))?)
    }

    /// What the processes have warned of and failed at, so far.
    pub fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let mut complaints = Vec::new();
        for (part, instance) in self.nodes.keys() {
            let log = self.folder.path().join(format!("{part}-{instance}.log"));
            let log = fs::read_to_string(log)?;
            let lines =
                log.lines().filter(|line| line.contains(" WARN ") || line.contains(" ERROR "));
            complaints.extend(lines.map(|line| format!("{part}-{instance}: {line}")));
        }
        Ok(complaints)
    }

    /// Memory of the shop's own processes together, in bytes; pages that they share, as those of the program, count once (Pss).
    pub fn memory(&self) -> anyhow::Result<u64> {
        let mut sum = 0;
        for node in self.nodes.values() {
            let id = node.process.id().context("it has ended")?;
            sum += usage::proportional_bytes(id)?;
        }
        Ok(sum)
    }

    /// Processor time used so far, by each part of the shop and each engine.
    pub fn processor_time(&self) -> anyhow::Result<BTreeMap<&'static str, Duration>> {
        let engines = [
            ("RabbitMQ", Some(self.rabbitmq.process().id())),
            ("MongoDB", self.mongodb.id()),
            ("Redis", Some(self.redis.id())),
            ("PostgreSQL", Some(self.postgres.id())),
            ("CouchDB", self.couchdb.id()),
        ];
        let engines = engines.into_iter().filter_map(|(name, id)| Some((id?, name)));
        let parts =
            self.nodes.iter().filter_map(|((part, _), node)| Some((node.process.id()?, *part)));
        let names: BTreeMap<u32, &'static str> = engines.chain(parts).collect();
        usage::processor_times(&names)
    }
}

impl Drop for System {
    /// The last output of the processes is the only evidence of a failed test.
    fn drop(&mut self) {
        #[expect(clippy::print_stdout, reason = "the test's own output")]
        if std::thread::panicking() {
            println!("{}", last_words(self.folder.path()));
        }
    }
}

/// The services that a command knows: each has a setting for its read model.
async fn services(program: &Path) -> anyhow::Result<Vec<&'static str>> {
    let mut config = Command::new(program);
    let shown = config.env_clear().args(["config", "--json"]).output().await?;
    let settings: BTreeMap<String, Value> = serde_json::from_slice(&shown.stdout)?;
    let names = settings.keys().filter_map(|name| name.strip_suffix("-model"));
    // As long as the process lives: the names of processes are known while they are written.
    let names: Vec<&'static str> = names.map(|name| &*name.to_owned().leak()).collect();
    ensure!(!names.is_empty(), "{} knows no services", program.display());
    Ok(names)
}

/// The ends of all logs in a folder.
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
