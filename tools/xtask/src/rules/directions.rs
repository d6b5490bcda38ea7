//! Directions of dependencies: what each crate of ours may build on among ours.

use std::{collections::BTreeSet, path::Path};

use cargo_metadata::{DependencyKind, Metadata};

use crate::services::Listed;

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
    ("faults", &["kernel", "eventlog", "store", "runtime", "web"], &[]),
    ("testkit", &["kernel", "eventlog", "store", "runtime", "web", "agora", "faults"], &[]),
    // What is built on it: one dependency.
    ("bank", &["agora"], &["testkit", "servers"]),
    // The shop.
    ("contracts", &["kernel"], &["store", "bus-rabbitmq", "testkit"]),
    ("identity", &["kernel", "runtime", "web", "contracts"], &["store", "eventlog", "testkit"]),
    (
        "events",
        &["kernel", "store", "runtime", "web", "contracts", "identity", "module"],
        &["eventlog", "testing", "testkit"],
    ),
    ("module", &["kernel", "runtime", "web", "contracts", "identity"], &[]),
    ("registry", &["module"], &["contracts"]),
    ("testing", &["kernel", "runtime", "web", "testkit", "contracts", "identity"], &[]),
    ("gateway", &["kernel", "store", "web", "identity"], &["runtime", "testkit"]),
    ("sheets", &["kernel", "contracts"], &[]),
    ("words", &["kernel"], &[]),
    ("site", SITE, &["runtime"]),
    ("storefront", SITE, &["runtime"]),
    ("backoffice", SITE, &["runtime", "worlds"]),
    ("promises", &["kernel", "contracts"], &[]),
    (
        "worlds",
        &[
            "kernel",
            "eventlog",
            "store",
            "runtime",
            "web",
            "faults",
            "testkit",
            "promises",
            "contracts",
            "identity",
            "events",
            "registry",
        ],
        &[],
    ),
    (
        "demo",
        &[
            "kernel",
            "eventlog",
            "store",
            "runtime",
            "web",
            "faults",
            "contracts",
            "identity",
            "promises",
            "registry",
        ],
        &[],
    ),
    ("command", EVERYTHING, &["servers"]),
    // The tools.
    ("servers", &[], &[]),
    ("measure", &["eventlog", "servers"], &[]),
    ("xtask", &[], &[]),
];

/// A service depends on the platform, the published language and authentication, never on another service.
const SERVICE: &[&str] =
    &["kernel", "store", "runtime", "web", "contracts", "identity", "module", "words"];
/// To run in its tests a service may have an event store and servers, or a whole world.
const BORROWED: &[&str] = &["eventlog", "servers", "registry", "testing", "worlds"];
/// What depends on the services themselves, all of them.
const KNOWING: &[&str] = &["registry", "promises", "worlds", "demo", "command"];
/// A website is a client of the REST API and of nothing else.
const SITE: &[&str] = &["kernel", "web", "contracts", "sheets", "site"];
const EVERYTHING: &[&str] = &[
    "kernel",
    "eventlog",
    "store",
    "store-mongodb",
    "bus-rabbitmq",
    "runtime",
    "web",
    "faults",
    "contracts",
    "identity",
    "events",
    "module",
    "registry",
    "gateway",
    "sheets",
    "site",
    "storefront",
    "backoffice",
    "worlds",
    "demo",
];

/// Every dependency that goes where none may.
pub(super) fn check(root: &Path, metadata: &Metadata, services: &[Listed]) -> Vec<String> {
    let services: Vec<&str> = services.iter().map(|service| &*service.name).collect();
    let members: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let rule = DIRECTIONS.iter().find(|(of, ..)| *of == name);
        let rule = rule.map(|(_, built_on, borrowed)| (*built_on, *borrowed));
        let of_service = services.contains(&name).then_some((SERVICE, BORROWED));
        let Some((built_on, borrowed)) = rule.or(of_service) else {
            faults.push(format!("{name}: no rule says what it may depend on"));
            continue;
        };
        for dependency in &package.dependencies {
            let other = dependency.name.as_str();
            let in_tests = dependency.kind == DependencyKind::Development;
            let allowed = built_on.contains(&other)
                || (in_tests && borrowed.contains(&other))
                || (services.contains(&other) && KNOWING.contains(&name));
            if members.contains(other) && !allowed {
                faults.push(format!("{name} must not depend on {other}"));
            }
        }
    }
    faults.extend(layers(root, metadata));
    faults
}

/// The platform stands on nothing of ours: not on the shop, and on the tools in tests alone.
fn layers(root: &Path, metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        if !package.manifest_path.starts_with(root.join("crates")) {
            continue;
        }
        for dependency in &package.dependencies {
            let Some(path) = &dependency.path else { continue };
            let in_tests = dependency.kind == DependencyKind::Development;
            let refused = path.starts_with(root.join("shop"))
                || (path.starts_with(root.join("tools")) && !in_tests);
            if refused {
                let (name, other) = (&package.name, &dependency.name);
                faults
                    .push(format!("{name} belongs to the platform and must not depend on {other}"));
            }
        }
    }
    faults
}
