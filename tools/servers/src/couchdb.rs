//! A server that speaks CouchDB's protocol, its data in a folder of its own; or a real one that the environment names.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::{Child, on_free_port};

/// Where a real CouchDB is, with an administrator's name and password: `http://admin:secret@127.0.0.1:5984`.
const REAL: &str = "AGORA_TEST_COUCHDB";

/// A running CouchDB, or what stands in for one.
#[derive(Debug)]
pub struct CouchDb(Kind);

#[derive(Debug)]
enum Kind {
    Ours { child: Child, port: u16, folder: tempfile::TempDir },
    Real(String),
}

impl CouchDb {
    /// A new, empty server; or the one that `AGORA_TEST_COUCHDB` names.
    pub fn start() -> anyhow::Result<Self> {
        match std::env::var(REAL) {
            Ok(url) => Ok(Self(Kind::Real(url.trim_end_matches('/').to_owned()))),
            Err(_) => Self::start_ours(),
        }
    }

    /// A new, empty server of our own, which can be killed and started again.
    pub fn start_ours() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (child, port) = on_free_port(|port| run(folder.path(), port))?;
        Ok(Self(Kind::Ours { child, port, folder }))
    }

    /// The server's URL with an administrator's name and password, without a database.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.0 {
            Kind::Ours { port, .. } => format!("http://admin:secret@127.0.0.1:{port}"),
            Kind::Real(url) => url.clone(),
        }
    }

    /// The process id of a server of our own.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        match &self.0 {
            Kind::Ours { child, .. } => Some(child.id()),
            Kind::Real(_) => None,
        }
    }

    /// `kill -9`; a real server is left alone.
    pub fn kill(&mut self) {
        if let Kind::Ours { child, .. } = &mut self.0 {
            child.kill();
        }
    }

    /// Stops (`STOP`) and wakes (`CONT`) it: it is there and does not answer.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        match &self.0 {
            Kind::Ours { child, .. } => child.signal(signal),
            Kind::Real(_) => bail!("a real CouchDB is not ours to signal"),
        }
    }

    /// Starts it again on the same port and data.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        if let Kind::Ours { child, port, folder } = &mut self.0 {
            child.kill();
            *child = run(folder.path(), *port)?;
        }
        Ok(())
    }
}

fn run(folder: &Path, port: u16) -> anyhow::Result<Child> {
    let tests = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/couchdb"));
    if !tests.join("node_modules").exists() {
        bail!(
            "tests/couchdb has no node_modules; `cargo xtask setup` installs what the tests need"
        );
    }
    let mut child = Child::start("the stand-in for CouchDB", "node", |command| {
        command.arg(tests.join("server.mjs")).arg(port.to_string()).arg(folder);
        command.args(["admin", "secret"]).current_dir(folder);
    })?;
    child.wait_for_port(port)?;
    Ok(child)
}
