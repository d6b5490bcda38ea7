//! The lock of a data folder: shared by the running parts of a shop, exclusive for commands that replace its files.
//!
//! It is an OS lock on the folder itself: it leaves no file, and ends with its process.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use anyhow::bail;

use crate::term;

/// Held as long as this lives; without a file where the file system has no locks.
pub(crate) struct Lock(#[expect(dead_code, reason = "it is held, not used")] Option<File>);

impl Lock {
    /// For a running shop, or a part of one.
    pub(crate) fn shared(folder: &Path) -> anyhow::Result<Self> {
        match File::open(folder).map(|file| (file.try_lock_shared(), file)) {
            Ok((Ok(()), file)) => Ok(Self(Some(file))),
            Ok((Err(TryLockError::WouldBlock), _)) => bail!(
                "the data folder {} is in use by `agora store restore` or `agora rebuild`; start again when that has finished",
                folder.display()
            ),
            Ok((Err(TryLockError::Error(error)), _)) | Err(error) => {
                tracing::debug!(%error, "the data folder cannot be locked");
                Ok(Self(None))
            }
        }
    }

    /// For what replaces files that a running shop has open.
    pub(crate) fn alone(folder: &Path) -> anyhow::Result<Self> {
        match File::open(folder).map(|file| (file.try_lock(), file)) {
            Ok((Ok(()), file)) => Ok(Self(Some(file))),
            Ok((Err(TryLockError::WouldBlock), _)) => bail!(
                "the data folder {} is in use by a running shop or part of one, so nothing was changed; stop it first",
                folder.display()
            ),
            Ok((Err(TryLockError::Error(error)), _)) | Err(error) => {
                term::note(format_args!(
                    "cannot find out whether a shop runs in {} ({error}); make sure that none does",
                    folder.display()
                ));
                Ok(Self(None))
            }
        }
    }
}
