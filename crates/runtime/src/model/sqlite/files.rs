//! The files of a database: its own, and those that SQLite keeps beside it.

use std::path::{Path, PathBuf};

use super::Location;

/// `path` with something behind its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Files hold personal data: for their owner only.
pub(super) fn private(location: &Location) {
    use std::os::unix::fs::PermissionsExt;
    if let Location::File(path) = location {
        for suffix in ["", "-wal", "-shm"] {
            let _not_there = std::fs::set_permissions(
                with_suffix(path, suffix),
                std::fs::Permissions::from_mode(0o600),
            );
        }
    }
}
