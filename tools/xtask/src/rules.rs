//! The project's own rules, checked over its metadata and files.

mod circles;
mod directions;
mod documented;
mod features;
mod headers;
mod licences;
mod links;
mod parameters;
mod prose;
mod silent;
mod sizes;
mod tokens;
mod unused;
mod words;

use std::path::Path;

use anyhow::bail;
use cargo_metadata::MetadataCommand;

use crate::services;

/// Checks all rules over the project at `root`; the error lists everything that breaks one.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
    let services = services::listed(root)?;
    let mut faults = directions::check(root, &metadata, &services);
    faults.extend(services::faults(root, &services));
    for folder in ["crates", "examples", "shop", "tools"] {
        faults.extend(headers::check(&root.join(folder))?);
        faults.extend(sizes::check(&root.join(folder))?);
        faults.extend(parameters::check(root, folder)?);
    }
    faults.extend(licences::check(root, &metadata)?);
    faults.extend(words::check(root)?);
    faults.extend(prose::check(root)?);
    faults.extend(links::check(root)?);
    faults.extend(unused::check(root, &metadata)?);
    faults.extend(features::check(&metadata)?);
    faults.extend(circles::check(&metadata)?);
    faults.extend(documented::check(root, &metadata)?);
    faults.extend(silent::check(&metadata)?);
    if faults.is_empty() {
        return Ok(());
    }
    bail!("rules are broken:\n  {}", faults.join("\n  "))
}
