//! The lock of a log's folder, which one process holds at a time.

use std::path::Path;

use crate::files::{Files, Lock};
use crate::report::OpenError;

/// The file that is locked while the log is in use.
pub(crate) const LOCK: &str = "lock";

/// Takes the lock of a log that is only looked at, if there is anything to lock.
pub(crate) fn lock_existing(files: &dyn Files, dir: &Path) -> Result<Option<Lock>, OpenError> {
    let failed = |error| OpenError::Io { dir: dir.to_owned(), error };
    let names = files.list(dir).map_err(failed)?;
    if !names.iter().any(|name| name == LOCK) {
        return Ok(None);
    }
    let lock = files.lock(&dir.join(LOCK)).map_err(failed)?;
    lock.map(Some).ok_or_else(|| OpenError::Locked(dir.to_owned()))
}
