//! A server as a child process.

use std::{
    fs,
    hash::{BuildHasher as _, RandomState},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    ops::Range,
    os::unix::process::CommandExt as _,
    process::{self, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
        mpsc,
    },
    time::Duration,
};

use anyhow::{Context as _, bail};

/// How often a starting server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// After this long a server that does not answer never will.
const GIVE_UP_LOOKS: u32 = 3000;

/// Another program may take a free port before the server does.
const TRIES: u32 = 3;

/// Above the ports of well-known servers, below those that Linux gives away (`net.ipv4.ip_local_port_range`).
const PORTS: Range<u16> = 12_000..32_000;

/// A running server. Dropped, or its test process killed, it is gone at once, as by a power cut.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    name: String,
}

impl Child {
    /// Starts `command` in a process group of its own.
    ///
    /// The kernel kills a child when the thread that started it ends (`PR_SET_PDEATHSIG`, set by `setpriv`), so the starting is done
    /// by a thread that lives as long as this process: a killed test leaves no server behind.
    pub fn start(
        name: &str,
        program: &str,
        configure: impl FnOnce(&mut Command),
    ) -> anyhow::Result<Self> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", program]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        configure(&mut command);
        let process = spawn_for_good(command).with_context(|| {
            format!("cannot start {name}; `cargo xtask setup` installs what the tests need")
        })?;
        Ok(Self { process, name: name.to_owned() })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the server listens on `port`; an error if it ends before, or after a minute.
    pub fn wait_for_port(&mut self, port: u16) -> anyhow::Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.wait_until(|| TcpStream::connect_timeout(&address, LOOK_EVERY).is_ok())
    }

    /// Waits until `ready`; an error if the server ends before, or after a minute.
    pub fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        for _ in 0..GIVE_UP_LOOKS {
            if let Some(status) = self.process.try_wait()? {
                bail!("{} ended at its start: {status}", self.name);
            }
            if ready() {
                return Ok(());
            }
            pause();
        }
        bail!("{} is not ready after a minute", self.name)
    }

    /// Sends `signal` (such as `STOP`, `CONT`, `TERM`) to the server's process group, and to its own children, also those in
    /// groups of their own: PostgreSQL's serve their connections while their parent is frozen, and for a moment after its death.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let id = self.process.id();
        // Asked before, because it may be killed, and after, because it may have started others until it was frozen.
        let mut all = children(id);
        if !send(signal, &[format!("-{id}")])? {
            bail!("{} is not there to be signalled {signal}", self.name);
        }
        all.extend(children(id));
        // Some may have ended by themselves.
        send(signal, &all)?;
        Ok(())
    }

    /// `kill -9`, and waits for its end.
    pub fn kill(&mut self) {
        // It may be gone already, which is what is wanted; then its id may be another's, who keeps their children.
        drop(match self.process.try_wait() {
            Ok(None) => self.signal("KILL"),
            _ => send("KILL", &[format!("-{}", self.process.id())]).map(drop),
        });
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Whether all of `ids` could be signalled; that of a group begins with `-`.
fn send(signal: &str, ids: &[String]) -> anyhow::Result<bool> {
    if ids.is_empty() {
        return Ok(true);
    }
    Ok(Command::new("kill")
        .args(["-s", signal, "--"])
        .args(ids)
        .stderr(Stdio::null())
        .status()?
        .success())
}

/// The ids of the processes that a process has started and that still run.
fn children(id: u32) -> Vec<String> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    children.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port without a listener at this moment, below those that the kernel gives to connections and to listeners on port 0: until
/// its server listens, only another caller of this may take it, and starters try again. This process gets each port once.
///
/// A port of the kernel's range fails now and then: an outgoing connection takes it while its server starts again, and a wait that
/// connects may connect to itself.
pub fn free_port() -> io::Result<u16> {
    // Processes start at different places.
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let [low, high, ..] = RandomState::new().hash_one(()).to_le_bytes();
        u16::from_le_bytes([low, high]).into()
    });
    let mut last = io::Error::other("no port was tried");
    for _ in PORTS {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start);
        let port = PORTS.start + offset;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Starts a server on a free port, and again on another one if that port was taken meanwhile.
pub fn on_free_port<T>(
    mut start: impl FnMut(u16) -> anyhow::Result<T>,
) -> anyhow::Result<(T, u16)> {
    let mut tried = 1;
    loop {
        let port = free_port()?;
        match start(port) {
            Ok(started) => return Ok((started, port)),
            Err(error) if tried == TRIES => return Err(error),
            Err(_) => tried += 1,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a thread that outlives every test, and no service's"
)]
fn spawn_for_good(mut command: Command) -> io::Result<process::Child> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        // A receiver that is gone has no use for the child.
        drop(tell.send(command.spawn()));
        loop {
            std::thread::park();
        }
    });
    told.recv().map_err(io::Error::other)?
}

#[expect(clippy::disallowed_methods, reason = "a real process becomes ready in real time")]
fn pause() {
    std::thread::sleep(LOOK_EVERY);
}
