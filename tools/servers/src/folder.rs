//! A server's data in a temporary folder, removed with its owner however that ends.

use std::{
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

use anyhow::Context as _;
use tempfile::TempDir;

/// Removes the folder once its standard input ends: when the owner lets go of it, or is gone without having had the time.
/// What writes into the folder ends at the same moment, and may make it again: so it looks again a second later.
const SWEEP: &str =
    "read -r _; for again in 1 2 3 4 5; do [ -e \"$0\" ] || exit; rm -rf -- \"$0\"; sleep 1; done";

/// A folder that is removed when this is dropped, and also when the test process is killed or leaves it in a `static`.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    owned: Option<TempDir>,
    sweeper: process::Child,
}

impl Folder {
    /// A fresh folder whose name begins with `name`.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("agora-{name}-")).tempdir()?;
        let mut command = Command::new("sh");
        command.args(["-c", SWEEP]).arg(folder.path()).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let sweeper = command.spawn().context("no shell to clean up with")?;
        Ok(Self { path: folder.path().to_owned(), owned: Some(folder), sweeper })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.owned.take());
        drop(self.sweeper.stdin.take());
        drop(self.sweeper.wait());
    }
}
