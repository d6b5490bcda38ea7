//! Licences of all that is built in.

use std::{fs, path::Path};

use anyhow::Context as _;
use cargo_metadata::Metadata;

/// Every dependency's licence is among those allowed in deny.toml, for all or for it alone.
pub(super) fn check(root: &Path, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let settings: toml::Table = fs::read_to_string(root.join("deny.toml"))?.parse()?;
    let licenses = settings.get("licenses").context("deny.toml has no list of licences")?;
    let allowed = names(licenses.get("allow"));
    let exceptions: Vec<(&str, Vec<&str>)> = licenses
        .get("exceptions")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|exception| {
            Some((exception.get("crate")?.as_str()?, names(exception.get("allow"))))
        })
        .collect();
    let mut faults = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        let own = exceptions.iter().filter(|(name, _)| *name == package.name.as_str());
        let allowed: Vec<&str> =
            allowed.iter().chain(own.flat_map(|(_, allowed)| allowed)).copied().collect();
        let licence = package.license.clone().unwrap_or_default().replace('/', " OR ");
        let fits = spdx::Expression::parse(&licence).is_ok_and(|expression| {
            expression.evaluate(|requirement| {
                allowed.iter().any(|allowed| requirement.to_string() == *allowed)
            })
        });
        if !fits {
            faults.push(format!(
                "{} {} has the licence {licence:?}, which deny.toml does not allow",
                package.name, package.version
            ));
        }
    }
    Ok(faults)
}

/// A list of texts, if it is one.
fn names(list: Option<&toml::Value>) -> Vec<&str> {
    list.and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_str)
        .collect()
}
