//! A Redis server, its data in a folder of its own.

use crate::{Child, on_free_port};

/// A running Redis server that keeps what it acknowledged through `kill -9`.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
    password: Option<String>,
}

impl Redis {
    /// A new, empty server.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(None)
    }

    /// A new, empty server that wants a password.
    pub fn start_with_password(password: &str) -> anyhow::Result<Self> {
        Self::start_with(Some(password.to_owned()))
    }

    fn start_with(password: Option<String>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (child, port) = on_free_port(|port| run(folder.path(), port, password.as_deref()))?;
        Ok(Self { child, port, folder, password })
    }

    /// The server's URL, without a database or parameters.
    #[must_use]
    pub fn url(&self) -> String {
        let user = self.password.as_ref().map_or(String::new(), |word| format!(":{word}@"));
        format!("redis://{user}127.0.0.1:{}", self.port)
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
        self.child = run(self.folder.path(), self.port, self.password.as_deref())?;
        Ok(())
    }
}

fn run(folder: &std::path::Path, port: u16, password: Option<&str>) -> anyhow::Result<Child> {
    let mut child = Child::start("Redis", "redis-server", |command| {
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
        command.args(["--appendonly", "yes"]).arg("--dir").arg(folder);
        if let Some(password) = password {
            command.args(["--requirepass", password]);
        }
    })?;
    child.wait_for_port(port)?;
    Ok(child)
}
