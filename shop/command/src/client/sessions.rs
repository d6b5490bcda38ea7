//! Sessions that `agora login` began, one file for each shop in the user's own folder of settings.

use std::{
    env, fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// A session as the shop began it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Session {
    pub(crate) user_name: String,
    pub(crate) token: String,
    pub(crate) expires_at: Timestamp,
}

/// The session that is kept for the shop at this address.
pub(crate) fn load(address: &str) -> anyhow::Result<Option<Session>> {
    let Some(path) = path(address) else { return Ok(None) };
    let unreadable = || format!("the session in {} cannot be read", path.display());
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.with_context(unreadable)?,
    };
    let mode = fs::metadata(&path).with_context(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!(
            "other users of this machine may read the session in {0} (mode {1:o}): chmod 600 {0}",
            path.display(),
            mode & 0o777
        );
    }
    let session = serde_json::from_str(&text).ok().with_context(|| {
        format!("{} holds no session: remove it, and log in again", path.display())
    })?;
    Ok(Some(session))
}

/// Keeps a session, for this user's eyes only; where.
pub(crate) fn save(address: &str, session: &Session) -> anyhow::Result<PathBuf> {
    let path =
        path(address).context("there is no folder for the session: set HOME or XDG_CONFIG_HOME")?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Its own user's alone from the beginning.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(session)?)?;
        file.persist(&path)?;
        io::Result::Ok(())
    };
    write().with_context(|| format!("the session cannot be kept in {}", path.display()))?;
    Ok(path)
}

/// Forgets the session of the shop at this address.
pub(crate) fn forget(address: &str) -> anyhow::Result<()> {
    let Some(path) = path(address) else { return Ok(()) };
    match fs::remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("{} cannot be removed", path.display())),
    }
}

/// The file of a shop's session; none for a user without a home.
fn path(address: &str) -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let settings =
        absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    let shop = address.trim_start_matches("http://");
    let shop: String = shop
        .bytes()
        .map(|byte| match byte {
            b'.' | b'-' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    Some(settings.join("agora").join("sessions").join(format!("{shop}.json")))
}
