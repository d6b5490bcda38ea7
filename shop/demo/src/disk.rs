//! Makes a log durable that was written without syncs.

use std::{fs, io, path::Path};

/// Makes everything in `folder` durable.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync(&path)?;
        } else {
            fs::File::open(path)?.sync_all()?;
        }
    }
    fs::File::open(folder)?.sync_all()
}
