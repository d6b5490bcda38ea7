//! A PostgreSQL server, its data in a folder of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::{Child, on_free_port};

/// Tries to start on the data of a killed server, each of some 50 ms.
const RESTARTS: u32 = 40;
/// The versions that may be installed, the newest first; any will do.
const VERSIONS: std::ops::RangeInclusive<u32> = 13..=19;

/// A running PostgreSQL server; its user `postgres` needs a password: `secret`.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
    settings: &'static [&'static str],
}

impl Postgres {
    /// A new server with the one database `postgres`; it syncs what is committed, but not how it was made.
    pub fn start() -> anyhow::Result<Self> {
        Self::new(&["--no-sync"], &[])
    }

    /// The same for measuring: all of it synced, and these settings (`NAME=VALUE`).
    pub fn synced(settings: &'static [&'static str]) -> anyhow::Result<Self> {
        Self::new(&[], settings)
    }

    fn new(making: &[&str], settings: &'static [&'static str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        // The server runs as a user of its own and has to get in.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        init(folder.path(), making)?;
        let (child, port) = on_free_port(|port| run(folder.path(), port, settings))?;
        Ok(Self { child, port, folder, settings })
    }

    /// Where one of the programs is that come with the server.
    pub fn program(name: &str) -> anyhow::Result<PathBuf> {
        Ok(programs()?.join(name))
    }

    /// The database's URL, without parameters.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres:secret@127.0.0.1:{}/postgres", self.port)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Stops (`STOP`) and wakes (`CONT`) it: it is there and does not answer.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        self.child.signal(signal)
    }

    /// Starts it again on the same port and data.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.child.kill();
        // What served the old one's connections may take a moment to notice its end, and keeps the memory they shared.
        for _ in 1..RESTARTS {
            if let Ok(child) = run(self.folder.path(), self.port, self.settings) {
                self.child = child;
                return Ok(());
            }
        }
        self.child = run(self.folder.path(), self.port, self.settings)?;
        Ok(())
    }
}

fn programs() -> anyhow::Result<PathBuf> {
    let folders = VERSIONS.rev().map(|version| format!("/usr/lib/postgresql/{version}/bin"));
    let found = folders.map(PathBuf::from).find(|folder| folder.join("initdb").exists());
    found.context("PostgreSQL is missing; `cargo xtask setup` installs what the tests need")
}

/// It refuses to run as root: root becomes the user that its package made.
fn user() -> &'static [&'static str] {
    let owner = fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me));
    match owner {
        Ok(0) => &["--reuid=postgres", "--regid=postgres", "--init-groups"],
        _ => &[],
    }
}

fn init(folder: &Path, making: &[&str]) -> anyhow::Result<()> {
    let (data, password) = (folder.join("data"), folder.join("password"));
    fs::create_dir(&data)?;
    fs::write(&password, "secret")?;
    if !user().is_empty() {
        // Not in the library: the id of another user is known only to the system's tables.
        let status = Command::new("chown").arg("postgres").args([&data, folder]).status()?;
        if !status.success() {
            bail!("there is no user postgres; `cargo xtask setup` installs what the tests need");
        }
    }
    let mut command = Command::new("setpriv");
    command.args(user()).arg(programs()?.join("initdb")).arg("-D").arg(&data).arg("--pwfile");
    command.arg(&password).args(["-A", "scram-sha-256", "-U", "postgres"]).args(making);
    command.args(["-E", "UTF8", "--locale=C.UTF-8"]);
    let status =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !status.success() {
        bail!("PostgreSQL's initdb failed: {status}");
    }
    Ok(())
}

fn run(folder: &Path, port: u16, settings: &[&str]) -> anyhow::Result<Child> {
    let data = folder.join("data");
    let server = programs()?.join("postgres").to_string_lossy().into_owned();
    // A killed server leaves its lock behind, and its process id may belong to another process by now.
    drop(fs::remove_file(data.join("postmaster.pid")));
    let mut child = Child::start("PostgreSQL", "setpriv", |command| {
        // Becoming another user, it would outlive us were it not told once more.
        command
            .args(user())
            .args(["--pdeathsig", "KILL"])
            .arg(server)
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()]);
        command.arg("-k").arg(&data).args(["-c", "listen_addresses=127.0.0.1"]);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
    })?;
    let ready = data.join("postmaster.pid");
    // The lock's last line says when it takes connections; before, it refuses them.
    child.wait_until(|| fs::read_to_string(&ready).is_ok_and(|lock| lock.contains("ready")))?;
    Ok(child)
}
