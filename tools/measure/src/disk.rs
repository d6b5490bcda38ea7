//! Where data is put that has to be synced.

use std::path::Path;

use anyhow::{Context as _, ensure};

/// The kind of file system that is memory (`TMPFS_MAGIC` of statfs(2)).
const MEMORY: rustix::fs::FsWord = 0x0102_1994;

/// Refuses a folder in memory, where syncing costs nothing and so measures nothing.
pub(crate) fn check(folder: &Path) -> anyhow::Result<()> {
    let found = rustix::fs::statfs(folder).with_context(|| folder.display().to_string())?;
    ensure!(
        found.f_type != MEMORY,
        "{} is in memory, where syncing costs nothing: name a folder on a disk in TMPDIR",
        folder.display()
    );
    Ok(())
}
