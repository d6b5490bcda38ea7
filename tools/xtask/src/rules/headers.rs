//! Headers: the first line of every module is a sentence that says what it is.

use std::{fs, path::Path};

use crate::files;

/// Every module without a header, and those in `mod.rs`.
pub(super) fn check(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in files::sources(folder)? {
        if !fs::read_to_string(&path)?.starts_with("//! ") {
            faults.push(format!("{} does not begin with a header (//!)", path.display()));
        }
        if path.ends_with("mod.rs") {
            faults.push(format!("{}: a module is foo.rs beside foo/", path.display()));
        }
    }
    Ok(faults)
}
