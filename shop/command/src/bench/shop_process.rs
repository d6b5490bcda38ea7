//! A fresh shop in a separate process: started on free ports, in a folder that is removed with it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::random;

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);

pub(super) struct ShopProcess {
    process: Child,
    ready: Ready,
    password: String,
    folder: TempDir,
}

/// The one line that `agora up --json` prints once it is ready.
#[derive(Deserialize)]
struct Ready {
    gateway: String,
    ops: String,
}

impl ShopProcess {
    /// Starts `program up`, this program unless given, and returns when it is ready.
    pub(super) async fn start(
        program: Option<PathBuf>,
        parent: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let program = match program {
            Some(program) => program,
            None => env::current_exe().context("locating the agora executable")?,
        };
        let folder = match parent {
            Some(parent) => TempDir::with_prefix_in("agora-bench-", parent),
            None => TempDir::with_prefix("agora-bench-"),
        };
        let folder = folder.context("creating a folder for the fresh shop's data")?;
        let password = random::password();
        let mut command = Command::new(&program);
        command
            .args(["up", "--json", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
            .arg("--data")
            .arg(folder.path().join("data"))
            .env("AGORA_ADMIN_PASSWORD", &password)
            .envs([("AGORA_STOREFRONT_LISTEN", "off"), ("AGORA_BACKOFFICE_LISTEN", "off")])
            // Two passwords would contradict each other.
            .env_remove("AGORA_ADMIN_PASSWORD_FILE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // A file, because a pipe that is not read would block the shop one day.
            .stderr(fs::File::create(log(&folder))?)
            .kill_on_drop(true);
        let mut process =
            command.spawn().with_context(|| format!("{} cannot be started", program.display()))?;
        let Some(ready) = ready(&mut process).await else {
            bail!(
                "the fresh shop did not become ready; its output:\n{}",
                last_lines(&log(&folder))
            );
        };
        Ok(Self { process, ready, password, folder })
    }

    pub(super) fn gateway(&self) -> &str {
        &self.ready.gateway
    }

    pub(super) fn ops(&self) -> &str {
        &self.ready.ops
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// Asks the shop to stop, and waits for it.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.process.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM).context("stopping the fresh shop")?;
        }
        match tokio::time::timeout(STOP_LIMIT, self.process.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
            Ok(status) => bail!(
                "the fresh shop failed ({}); its output:\n{}",
                status?,
                last_lines(&log(&self.folder))
            ),
            Err(_) => bail!("the fresh shop did not stop within {} s", STOP_LIMIT.as_secs()),
        }
    }
}

/// The first line on the standard output that is the ready line; none if the process ends or takes too long.
async fn ready(process: &mut Child) -> Option<Ready> {
    let mut lines = BufReader::new(process.stdout.take()?).lines();
    let find = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Ok(ready) = serde_json::from_str(&line) {
                return Some(ready);
            }
        }
        None
    };
    tokio::time::timeout(START_LIMIT, find).await.ok().flatten()
}

fn log(folder: &TempDir) -> PathBuf {
    folder.path().join("log")
}

fn last_lines(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}
