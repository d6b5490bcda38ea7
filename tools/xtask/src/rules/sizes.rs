//! The size of files: one that is longer holds more than one thing.

use std::{fs, path::Path};

use crate::files;

/// Lines of a source.
const LINES_MAX: usize = 350;

/// Every source below a folder that is longer.
pub(super) fn check(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in files::sources(folder)? {
        let lines = fs::read_to_string(&path)?.lines().count();
        if lines > LINES_MAX {
            let path = path.display();
            faults.push(format!(
                "{path} has {lines} lines; split it, at most {LINES_MAX} are one thing"
            ));
        }
    }
    Ok(faults)
}
