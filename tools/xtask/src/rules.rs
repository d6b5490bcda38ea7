//! The project's own rules, checked over its metadata and files: directions of dependencies, headers, licences.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::run::root;

/// What each crate of ours may build on among ours, and what it may borrow to test with.
const DIRECTIONS: &[(&str, &[&str], &[&str])] = &[
    // The platform.
    ("kernel", &[], &[]),
    ("eventlog", &[], &[]),
    ("store", &["kernel", "eventlog"], &[]),
    ("store-mongodb", &["kernel", "store"], &["eventlog", "servers"]),
    ("bus-rabbitmq", &["kernel", "store"], &["servers"]),
    ("runtime", &["kernel", "store"], &["eventlog"]),
    ("web", &["kernel", "store", "runtime"], &[]),
    (
        "agora",
        &["kernel", "eventlog", "store", "store-mongodb", "bus-rabbitmq", "runtime", "web"],
        &[],
    ),
    ("testkit", &["kernel", "eventlog", "store", "runtime", "web", "agora"], &[]),
    // What is built on it: one dependency.
    ("bank", &["agora"], &["testkit", "servers"]),
    // The shop.
    ("contracts", &["kernel"], &["store", "bus-rabbitmq"]),
    ("identity", &["kernel", "runtime", "web", "contracts"], &["store", "eventlog"]),
    ("events", &["kernel", "store", "runtime", "web", "contracts", "identity"], &["eventlog"]),
    ("customer", SERVICE, BORROWED),
    ("product", SERVICE, BORROWED),
    ("order", SERVICE, BORROWED),
    ("accounting", SERVICE, BORROWED),
    ("gateway", &["kernel", "store", "web", "identity"], &["runtime"]),
    ("site", SITE, &["runtime"]),
    ("storefront", SITE, &["runtime"]),
    ("backoffice", SITE, &["runtime"]),
    ("worlds", EVERYTHING, &[]),
    ("command", EVERYTHING, &["servers"]),
    // The tools.
    ("servers", &[], &[]),
    ("xtask", &[], &[]),
];

/// A service depends on the platform, the published language and authentication, never on another service.
const SERVICE: &[&str] = &["kernel", "store", "runtime", "web", "contracts", "identity"];
/// To run in its tests a service may have an event store and servers.
const BORROWED: &[&str] = &["eventlog", "servers"];
/// A website is a client of the REST API and of nothing else.
const SITE: &[&str] = &["kernel", "web", "contracts", "site"];
const EVERYTHING: &[&str] = &[
    "kernel",
    "eventlog",
    "store",
    "store-mongodb",
    "bus-rabbitmq",
    "runtime",
    "web",
    "contracts",
    "identity",
    "events",
    "customer",
    "product",
    "order",
    "accounting",
    "gateway",
    "site",
    "storefront",
    "backoffice",
    "worlds",
];

/// Checks all rules; the error lists everything that breaks one.
pub(crate) fn check() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec()?;
    let mut faults = directions(&metadata);
    for folder in ["crates", "examples/bank", "shop", "tools"] {
        faults.extend(headers(&root().join(folder))?);
    }
    faults.extend(licences(&metadata)?);
    if faults.is_empty() {
        return Ok(());
    }
    bail!("rules are broken:\n  {}", faults.join("\n  "))
}

fn directions(metadata: &Metadata) -> Vec<String> {
    let members: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let Some((_, built_on, borrowed)) = DIRECTIONS.iter().find(|(of, ..)| *of == name) else {
            faults.push(format!("{name}: no rule says what it may depend on"));
            continue;
        };
        for dependency in &package.dependencies {
            let other = dependency.name.as_str();
            let in_tests = dependency.kind == DependencyKind::Development;
            let allowed = built_on.contains(&other) || (in_tests && borrowed.contains(&other));
            if members.contains(other) && !allowed {
                faults.push(format!("{name} must not depend on {other}"));
            }
        }
    }
    faults
}

/// Every module says in its first line what it is.
fn headers(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            faults.extend(headers(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            if !text.starts_with("//! ") {
                faults.push(format!("{} does not begin with a header (//!)", path.display()));
            }
            if path.ends_with("mod.rs") {
                faults.push(format!("{}: a module is foo.rs beside foo/", path.display()));
            }
        }
    }
    Ok(faults)
}

/// Every dependency's licence is among those allowed in deny.toml, for all or for it alone.
fn licences(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let settings: toml::Table = fs::read_to_string(root().join("deny.toml"))?.parse()?;
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
