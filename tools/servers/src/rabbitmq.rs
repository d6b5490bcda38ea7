//! RabbitMQ: a broker of its own data, ports and port mapper, with the management API.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{Child, Folder, free_port};

/// The program itself: the one in `/usr/sbin` changes the user.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// What prints the users and their rights, for `deploy/` and for here.
const USERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/broker");
/// Those users, beside the guest.
const NAMES: [&str; 7] =
    ["agora", "event-store", "gateway", "customer", "product", "order", "accounting"];
/// Held while users are added: the broker refuses one that another request is adding.
static IMPORTING: Mutex<()> = Mutex::new(());
/// A free port may be taken by another process before the broker has it.
const TRIES: u32 = 3;
/// `guest:guest`, the user that every fresh broker has, for requests from the same machine.
const AUTHORIZATION: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";
/// A management request takes milliseconds; right after the start of the broker a little longer.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running RabbitMQ.
#[derive(Debug)]
pub struct RabbitMq {
    // Ended in this order: the node, its port mapper, their data.
    node: Child,
    mapper: Child,
    folder: Folder,
    ports: Ports,
    vhosts: AtomicU32,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    amqp: u16,
    management: u16,
    distribution: u16,
    mapper: u16,
}

impl RabbitMq {
    /// The one broker that all tests of this process share, each in a virtual host of its own.
    ///
    /// # Panics
    /// If it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<RabbitMq> =
            LazyLock::new(|| RabbitMq::start().expect("RabbitMQ starts"));
        &SHARED
    }

    /// Starts a broker and waits until it answers.
    pub fn start() -> anyhow::Result<Self> {
        if !Path::new(PROGRAM).exists() {
            bail!("RabbitMQ is missing; `cargo xtask setup` installs what the tests need");
        }
        let mut tries = 1;
        loop {
            match Self::try_start() {
                Err(_) if tries < TRIES => tries += 1,
                started => return started,
            }
        }
    }

    fn try_start() -> anyhow::Result<Self> {
        let ports = Ports {
            amqp: free_port()?,
            management: free_port()?,
            distribution: free_port()?,
            mapper: free_port()?,
        };
        let folder = Folder::new("rabbitmq")?;
        prepare(folder.path(), ports)?;
        let mapper = start_mapper(folder.path(), ports)?;
        let node = start_node(folder.path(), ports)?;
        let broker = Self { node, mapper, folder, ports, vhosts: AtomicU32::new(0) };
        broker.wait()
    }

    fn wait(mut self) -> anyhow::Result<Self> {
        self.wait_ready()?;
        Ok(self)
    }

    fn wait_ready(&mut self) -> anyhow::Result<()> {
        let Ports { amqp, management, .. } = self.ports;
        // The management API answers before the broker listens for AMQP: only the broker knows whether the listener there is its own.
        self.node.wait_until(|| {
            let overview = request(management, "GET", "/api/overview", "");
            let overview = overview.ok().filter(|(status, _)| *status == 200);
            let overview = overview.and_then(|(_, body)| serde_json::from_str::<Value>(&body).ok());
            let listeners = overview.as_ref().and_then(|found| found.get("listeners")?.as_array());
            listeners.is_some_and(|all| all.iter().any(|one| one.get("port") == Some(&amqp.into())))
        })
    }

    /// The port for AMQP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// A fresh virtual host; its name.
    pub fn vhost(&self) -> anyhow::Result<String> {
        let vhost = format!("test-{}", self.vhosts.fetch_add(1, Ordering::Relaxed));
        self.manage("PUT", &format!("/api/vhosts/{vhost}"), "")?;
        Ok(vhost)
    }

    /// The address of a virtual host.
    #[must_use]
    pub fn url(&self, vhost: &str) -> String {
        Self::url_at(self.ports.amqp, vhost)
    }

    /// The address of a virtual host behind another port: a proxy's.
    #[must_use]
    pub fn url_at(port: u16, vhost: &str) -> String {
        format!("amqp://guest:guest@127.0.0.1:{port}/{vhost}")
    }

    /// Gives the broker the users that `deploy/` does, with their rights in a virtual host, and a guest service `loyalty`.
    pub fn add_users(&self, vhost: &str) -> anyhow::Result<()> {
        let mut users = Command::new(USERS);
        users.arg(vhost).env("RABBITMQ_GUESTS", format!("loyalty={}", password_of("loyalty")));
        for name in NAMES {
            let part = name.replace('-', "_").to_uppercase();
            let variable = format!("RABBITMQ_{part}_PASSWORD").replace("_AGORA", "");
            users.env(variable, password_of(name));
        }
        let printed = users.output().context("deploy/broker")?;
        if !printed.status.success() {
            bail!("deploy/broker: {}", String::from_utf8_lossy(&printed.stderr));
        }
        let definitions = String::from_utf8(printed.stdout)?;
        let _alone = IMPORTING.lock().unwrap_or_else(PoisonError::into_inner);
        self.manage("POST", "/api/definitions", &definitions).map(drop)
    }

    /// The address of a virtual host for one of those users, behind any port.
    #[must_use]
    pub fn url_of(user: &str, port: u16, vhost: &str) -> String {
        format!("amqp://{user}:{}@127.0.0.1:{port}/{vhost}", password_of(user))
    }

    /// Throws away whatever waits in a queue.
    pub fn purge(&self, vhost: &str, queue: &str) -> anyhow::Result<()> {
        self.manage("DELETE", &format!("/api/queues/{vhost}/{queue}/contents"), "").map(drop)
    }

    /// Deletes a queue, even one in use.
    pub fn delete_queue(&self, vhost: &str, queue: &str) -> anyhow::Result<()> {
        self.manage("DELETE", &format!("/api/queues/{vhost}/{queue}"), "").map(drop)
    }

    /// A request to the management API; the answer's body.
    pub fn manage(&self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let (status, answer) = request(self.ports.management, method, path, body)?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {answer}");
        }
        Ok(answer)
    }

    /// `kill -9`; the data stays.
    pub fn kill(&mut self) {
        self.node.kill();
    }

    /// Starts the broker that was killed again, with the same ports and data, and waits until it answers.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        // Two nodes must never have the same data.
        self.node.kill();
        self.node = start_node(self.folder.path(), self.ports)?;
        self.wait_ready()
    }

    /// The broker's process, to be stopped (`STOP`) and continued (`CONT`).
    #[must_use]
    pub fn process(&self) -> &Child {
        &self.node
    }

    /// The process id of its port mapper.
    #[must_use]
    pub fn mapper_id(&self) -> u32 {
        self.mapper.id()
    }
}

fn password_of(user: &str) -> String {
    format!("of-{user}")
}

fn prepare(folder: &Path, ports: Ports) -> anyhow::Result<()> {
    fs::create_dir(folder.join("home"))?;
    let cookie = folder.join("home/.erlang.cookie");
    fs::write(&cookie, "agora-tests")?;
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400))?;
    fs::write(folder.join("plugins"), "[rabbitmq_management].\n")?;
    let management = ports.management;
    let config = format!(
        "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n\
         disk_free_limit.absolute = 10MB\nvm_memory_high_watermark.absolute = 512MB\n"
    );
    fs::write(folder.join("rabbitmq.conf"), config)?;
    Ok(())
}

fn start_mapper(folder: &Path, ports: Ports) -> anyhow::Result<Child> {
    let mut mapper = Child::start("epmd", "epmd", |command| {
        command.args(["-port", &ports.mapper.to_string(), "-address", "127.0.0.1"]);
        command.current_dir(folder);
    })?;
    mapper.wait_for_port(ports.mapper)?;
    Ok(mapper)
}

fn start_node(folder: &Path, ports: Ports) -> anyhow::Result<Child> {
    Child::start("rabbitmq", PROGRAM, |command| {
        command.current_dir(folder);
        let path = |variable: &str, name: &str, command: &mut Command| {
            command.env(variable, folder.join(name));
        };
        path("HOME", "home", command);
        path("RABBITMQ_MNESIA_BASE", "data", command);
        path("RABBITMQ_LOG_BASE", "log", command);
        path("RABBITMQ_PID_FILE", "pid", command);
        path("RABBITMQ_CONFIG_FILE", "rabbitmq.conf", command);
        path("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config", command);
        path("RABBITMQ_ENABLED_PLUGINS_FILE", "plugins", command);
        path("RABBITMQ_GENERATED_CONFIG_DIR", "generated", command);
        command.env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
        command.env("RABBITMQ_LOGS", "-");
        // One name for one mapper: several brokers on a machine have one each.
        command.env("RABBITMQ_NODENAME", "agora@localhost");
        command.env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
        command.env("RABBITMQ_NODE_PORT", ports.amqp.to_string());
        command.env("RABBITMQ_DIST_PORT", ports.distribution.to_string());
        command.env("ERL_EPMD_PORT", ports.mapper.to_string());
        command.env("ERL_EPMD_ADDRESS", "127.0.0.1");
        // The starting script becomes the broker instead of waiting for it, so that it ends with this process.
        command.env("RUNNING_UNDER_SYSTEMD", "true");
        // Idle schedulers leave the processor to the tests.
        command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +S 2:2");
    })
}

/// One HTTP request to the management API; status and body.
fn request(port: u16, method: &str, path: &str, body: &str) -> anyhow::Result<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nhost: localhost\r\nauthorization: {AUTHORIZATION}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.context("no HTTP status")?, body.to_owned()))
}
