//! Every item of the platform that others can use is documented: each of its crates has the compiler see to that, and begins with an
//! example that runs.

use std::{fs, path::Path};

use anyhow::Context as _;
use cargo_metadata::Metadata;

use super::silent::has_example;

const DENIED: &str = "#![deny(missing_docs)]";

/// The crates in `crates/` that may have items without documentation, or whose front page shows no code.
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
        if !has_example(front_page(&front)) {
            faults.push(format!("{}: src/lib.rs does not begin with an example", package.name));
        }
    }
    Ok(faults)
}

fn is_denied(front: &str) -> bool {
    front.lines().any(|line| line.trim() == DENIED)
}

/// The documentation of the crate itself, before its first item.
fn front_page(front: &str) -> &str {
    let lines = front.lines().take_while(|line| line.starts_with("//!"));
    let length: usize = lines.map(|line| line.len() + 1).sum();
    front.get(..length).unwrap_or(front)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_of_an_item_is_none_of_the_crate() {
        let example = "//! A crate.\n//!\n//! ```\n//! a();\n//! ```\n";
        assert!(has_example(front_page(&format!("{example}\nmod a;\n"))));
        assert!(has_example(front_page(example.trim_end())));
        let of_item = "//! A crate.\n\n/// ```\n/// a();\n/// ```\npub fn a() {}\n";
        assert!(!has_example(front_page(of_item)));
    }

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
