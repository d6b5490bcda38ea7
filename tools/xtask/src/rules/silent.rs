//! Refuses tests that never run: unit tests or examples of a library whose manifest tells cargo to leave them out.

use std::{fs, path::Path};

use anyhow::Context as _;
use cargo_metadata::{Metadata, Target};

use crate::files;

/// Every file with tests or examples that its manifest turns off. They are off where there are none, since each costs a build.
pub(super) fn check(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
        let Some(library) = package.targets.iter().find(|target| target.is_lib()) else { continue };
        for path in files::sources(folder.join("src").as_std_path())? {
            let text = fs::read_to_string(&path)?;
            faults.extend(found(library, &path, &text));
        }
    }
    Ok(faults)
}

fn found(library: &Target, path: &Path, text: &str) -> Option<String> {
    let what = if !library.test && text.lines().any(is_test) {
        "tests"
    } else if !library.doctest && has_example(text) {
        "an example"
    } else {
        return None;
    };
    let setting = if what == "tests" { "test" } else { "doctest" };
    let path = path.display();
    Some(format!("{path} has {what}, which never run: remove `{setting} = false` from Cargo.toml"))
}

fn is_test(line: &str) -> bool {
    ["#[test]", "#[cfg(test)]", "#[tokio::test"].iter().any(|mark| line.trim().starts_with(mark))
}

/// Whether a block of code in the documentation is Rust.
pub(super) fn has_example(text: &str) -> bool {
    let mut is_open = false;
    for line in text.lines().map(str::trim) {
        let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            is_open = false;
            continue;
        };
        let Some(kind) = line.trim().strip_prefix("```") else { continue };
        if !is_open && !["text", "sh", "json", "sql", "toml"].contains(&kind) {
            return true;
        }
        is_open = !is_open;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_what_rustdoc_runs() {
        for runs in [
            "/// ```\n/// f();\n/// ```\n",
            "//! ```no_run\n",
            "  /// ```text\n  /// ```\n  /// ```rust\n",
        ] {
            assert!(has_example(runs), "{runs}");
        }
        for rests in ["/// ```text\n/// a\n/// ```\n", "let a = \"```\";\n", "// ```\n", ""] {
            assert!(!has_example(rests), "{rests}");
        }
    }

    #[test]
    fn a_test_is_known_by_its_attribute() {
        assert!(is_test("    #[tokio::test(start_paused = true)]"));
        assert!(!is_test("// #[test] is not here"));
    }
}
