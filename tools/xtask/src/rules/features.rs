//! Features of dependencies: each dependency has one set of them, in the workspace's table. Where packages add their own, `-p` builds
//! dependencies once more.

use std::{fs, path::Path};

use cargo_metadata::Metadata;
use toml::{Table, Value};

/// What packages may add all the same, and why.
const ADDED: &[(&str, &str, &str)] =
    &[("tokio", "test-util", "time that a test moves has no place in a program that is shipped")];

/// Every dependency of a package that is not as the workspace's table has it.
pub(super) fn check(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        faults.extend(of_manifest(&package.name, package.manifest_path.as_std_path())?);
    }
    Ok(faults)
}

fn of_manifest(package: &str, manifest: &Path) -> anyhow::Result<Vec<String>> {
    let manifest: Table = fs::read_to_string(manifest)?.parse()?;
    let kinds = ["dependencies", "build-dependencies", "dev-dependencies"];
    let tables = kinds.iter().filter_map(|kind| manifest.get(*kind)?.as_table());
    Ok(tables.flatten().flat_map(|(name, taken)| of_dependency(package, name, taken)).collect())
}

fn of_dependency(package: &str, name: &str, taken: &Value) -> Vec<String> {
    if taken.get("workspace") != Some(&Value::Boolean(true)) {
        return vec![format!("{package}: {name} is not taken from the table in Cargo.toml")];
    }
    let features = taken.get("features").and_then(Value::as_array).into_iter().flatten();
    let added = features.filter_map(Value::as_str).filter(|feature| {
        !ADDED.iter().any(|(of, allowed, _why)| *of == name && allowed == feature)
    });
    let said = |feature| {
        format!(
            "{package}: adds the feature {feature} to {name}; write it into the table in Cargo.toml, for all packages"
        )
    };
    added.map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_adds_is_named() {
        let faults = |taken: &str| {
            let table: Table = format!("tokio = {taken}").parse().expect("a table");
            of_dependency("shop", "tokio", table.get("tokio").expect("it is there"))
        };
        assert!(faults("{ workspace = true, features = [\"test-util\"] }").is_empty());
        let added = faults("{ workspace = true, features = [\"fs\", \"test-util\"] }");
        assert!(
            matches!(&added[..], [fault] if fault.starts_with("shop: adds the feature fs to tokio"))
        );
        assert_eq!(faults("\"1\""), ["shop: tokio is not taken from the table in Cargo.toml"]);
    }
}
