//! Dependencies that nothing uses: a crate's own, and those of the workspace's table.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use cargo_metadata::{Dependency, DependencyKind, Metadata, Package};

use crate::files;

/// Dependencies that no source names, and why they are there all the same.
const NEEDED: &[(&str, &str, &str)] = &[
    ("bank", "serde", "the code that its derives write names it"),
    (
        "command",
        "opentelemetry-http",
        "its feature makes a reqwest client what the exporter of traces sends with",
    ),
];

/// Every dependency whose name, as a path, stands in none of the sources that could use it.
pub(super) fn check(root: &Path, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        faults.extend(of_package(package)?);
    }
    faults.extend(of_workspace(root, metadata)?);
    Ok(faults)
}

fn of_package(package: &Package) -> anyhow::Result<Vec<String>> {
    let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
    let read = |names: &[&str]| -> anyhow::Result<String> {
        let mut text = fs::read_to_string(folder.join("build.rs")).unwrap_or_default();
        for name in names {
            for path in files::sources(&folder.join(name).into_std_path_buf())? {
                text.push_str(&fs::read_to_string(path)?);
            }
        }
        Ok(text)
    };
    let (shipped, all) = (read(&["src"])?, read(&["src", "tests", "benches", "examples"])?);
    let unused = |dependency: &&Dependency| {
        let text = if dependency.kind == DependencyKind::Development { &all } else { &shipped };
        !is_named(text, &identifier(dependency)) && !is_needed(package, dependency)
    };
    let faults = package.dependencies.iter().filter(unused).map(|dependency| {
        let name = &dependency.name;
        if is_named(&all, &identifier(dependency)) {
            format!("{}: {name} is only used in tests: make it a dev-dependency", package.name)
        } else {
            format!("{}: nothing uses the dependency {name}", package.name)
        }
    });
    Ok(faults.collect())
}

fn is_needed(package: &Package, dependency: &Dependency) -> bool {
    NEEDED.iter().any(|(of, name, _why)| *of == package.name.as_str() && *name == dependency.name)
}

fn identifier(dependency: &Dependency) -> String {
    dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_")
}

/// Whether `name` begins a path, or is imported as a whole.
fn is_named(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = text.split_at(at);
        let after = after.get(name.len()..).unwrap_or("");
        let is_part = |char: char| char.is_alphanumeric() || char == '_';
        let is_imported = before.ends_with("use ") || before.ends_with("extern crate ");
        !before.ends_with(is_part)
            && (after.starts_with("::")
                || (is_imported && (after.starts_with(';') || after.starts_with(" as "))))
    })
}

/// Entries of the workspace's table that no manifest takes.
fn of_workspace(root: &Path, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut taken = BTreeSet::new();
    for package in metadata.workspace_packages() {
        let manifest = table(package.manifest_path.as_std_path())?;
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let listed = manifest.get(kind).and_then(toml::Value::as_table);
            taken.extend(listed.into_iter().flat_map(toml::Table::keys).cloned());
        }
    }
    let workspace = table(&root.join("Cargo.toml"))?;
    let offered = workspace.get("workspace").and_then(|table| table.get("dependencies"));
    let offered = offered.and_then(toml::Value::as_table).context("a table of dependencies")?;
    let unused = offered.keys().filter(|name| !taken.contains(*name));
    Ok(unused.map(|name| format!("Cargo.toml: no crate takes the dependency {name}")).collect())
}

fn table(manifest: &Path) -> anyhow::Result<toml::Table> {
    Ok(fs::read_to_string(manifest)?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_where_it_begins_a_path_or_is_imported() {
        for used in [
            "use bytes::Bytes;",
            "let x = bytes::Bytes::new();",
            "use bytes as b;",
            "use {bytes::Bytes};",
        ] {
            assert!(is_named(used, "bytes"), "{used}");
        }
        for unused in ["let bytes = 3;", "use my_bytes::X;", "// bytes", "bytes_1::X"] {
            assert!(!is_named(unused, "bytes"), "{unused}");
        }
    }
}
