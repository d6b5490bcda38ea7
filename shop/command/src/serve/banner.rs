//! The startup output on standard output: best effort, because a shop must not depend on it.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

/// How long the standard output may take the text.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where a password that could not be shown is kept, in the data folder.
const PASSWORD_FILE: &str = "admin-password";

/// Shows the text. A generated password that cannot be shown there is put into a private file instead.
pub(super) async fn show(data: PathBuf, text: String, password: Option<String>) {
    let Err(reason) = print(text).await else { return };
    let Some(password) = password else {
        if reason.kind() != io::ErrorKind::Unsupported {
            tracing::warn!(%reason, "cannot write to standard output; the shop runs without it");
        }
        return;
    };
    let path = data.join(PASSWORD_FILE);
    match keep(&path, &password) {
        Ok(()) => tracing::warn!(
            %reason,
            file = %path.display(),
            "the generated password of admin could not be shown and is in this file; read it there, then delete the file"
        ),
        Err(error) => tracing::error!(
            %reason,
            %error,
            file = %path.display(),
            "the generated password of admin could not be shown, nor written to this file; set AGORA_ADMIN_PASSWORD and start again"
        ),
    }
}

/// Prints on a thread of its own, which may wait as long as it has to for a reader.
async fn print(text: String) -> io::Result<()> {
    let (told, outcome) = oneshot::channel();
    let print = move || {
        let mut stdout = io::stdout().lock();
        let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        _ = told.send(printed.and_then(|()| is_read()));
    };
    thread::Builder::new().name("banner".to_owned()).spawn(print)?;
    match tokio::time::timeout(PATIENCE, outcome).await {
        Ok(printed) => printed.map_err(io::Error::other)?,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the output is not read")),
    }
}

/// A closed standard output is opened as `/dev/null` before `main`: it takes everything and shows nothing.
fn is_read() -> io::Result<()> {
    let device = |path| fs::metadata(path).map(|found| (found.dev(), found.ino(), found.rdev()));
    if let (Ok(stdout), Ok(null)) = (device("/dev/stdout"), device("/dev/null"))
        && stdout == null
    {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "the output goes to /dev/null"));
    }
    Ok(())
}

fn keep(path: &Path, password: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    // One of an earlier shop in this folder is replaced, not written to: its rights might be others.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{password}")?;
    file.sync_all()
}
