//! A second process on the data folder of this one: refused by the lock of the log, and noticed by the process that holds it.
//!
//! The one that is refused leaves a line in the file of the lock, which is otherwise empty; the holder reads it and empties it again.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use runtime::Progress;
use tokio::process::Command;

/// The file that is locked while the log is in use.
const LOCK: &str = "lock";
/// What it says there is cut after so many characters.
const NOTE_MAX: usize = 100;
/// Operators are warned for so long after the last try.
const WARNS_FOR: Duration = Duration::from_secs(10);

/// This process was refused the log in `folder`: the one that has it is to know. It may not be this user's to write to.
pub(super) fn refused(folder: &Path) {
    let note = format!("process {}, version {}\n", process::id(), env!("CARGO_PKG_VERSION"));
    if let Err(error) = fs::write(folder.join(LOCK), note) {
        tracing::debug!(%error, "could not notify the process that holds the log");
    }
}

/// Warns if another process was refused since the last look.
pub(super) fn look(folder: &Path, store: &Progress) {
    let lock = folder.join(LOCK);
    let is_told = fs::metadata(&lock).is_ok_and(|file| file.len() > 0);
    if !is_told {
        return;
    }
    let note = fs::read_to_string(&lock).unwrap_or_default();
    let note: String = note.trim().chars().take(NOTE_MAX).collect();
    if let Err(error) = fs::write(&lock, "") {
        tracing::debug!(%error, "the lock of the log could not be emptied");
    }
    let warning = format!(
        "Another process ({note}) tried to open this log, and was refused: only one may write to it, and this one does. Find out what \
         starts it, such as a second deployment or a second service unit, and stop one of the two."
    );
    tracing::warn!("{warning}");
    store.warns("second", warning, WARNS_FOR);
}

/// Starts the whole shop of this data folder a second time, at addresses of its own; for a shop that is played with.
pub(super) fn process(data: &Path) -> demo::Second {
    let data: PathBuf = data.to_owned();
    Arc::new(move || {
        let data = data.clone();
        Box::pin(async move {
            if let Err(error) = start(&data).await {
                tracing::error!(%error, "a second process could not be started; end the drill");
            }
        })
    })
}

async fn start(data: &Path) -> std::io::Result<()> {
    let mut second = Command::new(env::current_exe()?);
    second.arg("up").arg("--data").arg(data);
    for listen in ["--listen", "--ops-listen", "--storefront-listen", "--backoffice-listen"] {
        second.args([listen, "127.0.0.1:0"]);
    }
    second.stdin(process::Stdio::null()).stdout(process::Stdio::null());
    second.stderr(process::Stdio::null()).kill_on_drop(true);
    second.status().await.map(drop)
}
