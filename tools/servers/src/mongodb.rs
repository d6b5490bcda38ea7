//! A server of MongoDB's protocol: `SecantusDB`, or for what needs no server of its own a real MongoDB named by `AGORA_TEST_MONGODB`.
//!
//! `SecantusDB` runs with `--sync-on-commit`: without it, a killed one loses transactions that it acknowledged, whatever write concern
//! they had. It is one node: what a majority and a roll-back mean it cannot show. With `AGORA_TEST_MONGODB=mongodb://host/?replicaSet=…`
//! a real replica set takes its place wherever a test does not kill the server.

use std::{env, path::Path, sync::OnceLock};

use tempfile::TempDir;

use crate::{Child, on_free_port};

/// A running server.
#[derive(Debug)]
pub struct Mongodb(Place);

#[derive(Debug)]
enum Place {
    Own(Own),
    Given(String),
}

#[derive(Debug)]
struct Own {
    child: Child,
    port: u16,
    folder: TempDir,
    flags: Vec<String>,
}

impl Mongodb {
    /// The one server of this process for all tests that leave it alone, each with a database of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Mongodb> = OnceLock::new();
        SHARED.get_or_init(|| match env::var("AGORA_TEST_MONGODB") {
            Ok(url) => Self(Place::Given(url)),
            Err(_) => Self::start(&[]).expect("a server of MongoDB's protocol"),
        })
    }

    /// A server of one's own, always `SecantusDB`, with further flags of `secantusd-py`.
    pub fn start(flags: &[&str]) -> anyhow::Result<Self> {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let folder = tempfile::Builder::new().prefix("agora-mongodb-").tempdir()?;
        let (child, port) = on_free_port(|port| start(folder.path(), port, &flags))?;
        Ok(Self(Place::Own(Own { child, port, folder, flags })))
    }

    /// The URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        match &self.0 {
            Place::Own(own) => {
                format!("mongodb://127.0.0.1:{}/{database}?directConnection=true", own.port)
            }
            Place::Given(url) => {
                let (server, options) = url.split_once('?').unwrap_or((url, ""));
                format!("{}/{database}?{options}", server.trim_end_matches('/'))
            }
        }
    }

    /// The process id of a server of one's own.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        match &self.0 {
            Place::Own(own) => Some(own.child.id()),
            Place::Given(_) => None,
        }
    }

    /// `kill -9`. Only for a server of one's own.
    pub fn kill(&mut self) {
        self.own().child.kill();
    }

    /// Sends a signal such as `STOP`. Only for a server of one's own.
    pub fn signal(&mut self, signal: &str) -> anyhow::Result<()> {
        self.own().child.signal(signal)
    }

    /// Starts again on the same data and, so that clients find it, the same port. Only for a server of one's own that was killed.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        let own = self.own();
        own.child = start(own.folder.path(), own.port, &own.flags)?;
        Ok(())
    }

    /// From the next start on with these flags. Only for a server of one's own.
    pub fn set_flags(&mut self, flags: &[&str]) {
        self.own().flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    fn own(&mut self) -> &mut Own {
        match &mut self.0 {
            Place::Own(own) => own,
            Place::Given(_) => panic!("a server that was given is not ours to stop"),
        }
    }
}

fn start(folder: &Path, port: u16, flags: &[String]) -> anyhow::Result<Child> {
    let program =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.setup/secantus/bin/secantusd-py");
    let mut child = Child::start("SecantusDB", &program.to_string_lossy(), |command| {
        command.args(["--host", "127.0.0.1", "--cache-size", "256M", "--log-level", "ERROR"]);
        command.arg("--sync-on-commit").arg("--port").arg(port.to_string());
        command.arg("--storage-path").arg(folder.join("data")).args(flags);
    })?;
    child.wait_for_port(port)?;
    Ok(child)
}
