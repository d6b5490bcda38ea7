//! Every item of the platform that others can use is documented: each of its crates has the compiler see to that.

use std::{fs, path::Path};

use anyhow::Context as _;
use cargo_metadata::Metadata;

const DENIED: &str = "#![deny(missing_docs)]";

/// The crates in `crates/` that may have items without documentation.
pub(super) fn check(root: &Path, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        if !package.manifest_path.starts_with(root.join("crates")) {
            continue;
        }
        let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
        let front = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
        if !is_denied(&front) {
            faults.push(format!("{}: src/lib.rs lacks {DENIED}", package.name));
        }
    }
    Ok(faults)
}

fn is_denied(front: &str) -> bool {
    front.lines().any(|line| line.trim() == DENIED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_attribute_itself_counts() {
        assert!(is_denied("//! A crate.\n\n#![deny(missing_docs)]\n\nmod a;\n"));
        for front in
            ["", "//! `#![deny(missing_docs)]` is missing.\n", "// #![deny(missing_docs)]\n"]
        {
            assert!(!is_denied(front), "{front}");
        }
    }
}
