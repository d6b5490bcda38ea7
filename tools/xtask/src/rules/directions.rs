//! Directions of dependencies: which of our crates each crate may depend on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use cargo_metadata::{DependencyKind, Metadata, PackageId};

use crate::services::Listed;

/// Which of our crates each crate may depend on, and which ones its tests may use besides.
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
        &["servers"],
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

/// What takes neither engines nor a web server, and what those are: to use the log alone compiles none of them.
const CORE: [&str; 3] = ["kernel", "eventlog", "store"];
const NOT_IN_CORE: [&str; 4] = ["axum", "hyper", "lapin", "mongodb"];

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
    faults.extend(core(metadata));
    faults
}

/// What the core of the platform takes and must not, be it through others.
fn core(metadata: &Metadata) -> Vec<String> {
    let taken = CORE.iter().map(|name| (*name, taken(metadata, name)));
    let refused = taken.flat_map(|(name, taken)| {
        let refused = NOT_IN_CORE.iter().filter(move |other| taken.contains(**other));
        refused.map(move |other| {
            format!("{name} must not depend on {other}, nor may anything that it takes")
        })
    });
    refused.collect()
}

/// All that a package is built with, by name; what only its tests take is left out.
fn taken<'a>(metadata: &'a Metadata, name: &str) -> BTreeSet<&'a str> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: BTreeMap<&PackageId, _> = nodes.map(|node| (&node.id, node)).collect();
    let package =
        metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name);
    let mut open: Vec<&PackageId> = package.iter().map(|package| &package.id).collect();
    let mut seen = BTreeSet::new();
    while let Some(node) = open.pop().and_then(|id| nodes.get(id)) {
        let built = node.deps.iter().filter(|other| {
            other.dep_kinds.iter().any(|how| how.kind != DependencyKind::Development)
        });
        open.extend(built.map(|other| &other.pkg).filter(|id| seen.insert(*id)));
    }
    seen.into_iter().map(|id| metadata[id].name.as_str()).collect()
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

#[cfg(test)]
mod tests {
    use cargo_metadata::MetadataCommand;

    use super::*;
    use crate::run::root;

    #[test]
    fn what_a_crate_takes_through_others_is_seen_and_what_its_tests_take_is_not() {
        let manifest = root().join("Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).exec().expect("metadata");
        let of_runtime = taken(&metadata, "runtime");
        assert!(of_runtime.contains("store") && of_runtime.contains("tokio"), "{of_runtime:?}");
        assert!(taken(&metadata, "web").contains("hyper"));
        assert!(taken(&metadata, "accounting").contains("store"));
        assert!(!taken(&metadata, "accounting").contains("worlds"), "only its tests take those");
        assert_eq!(core(&metadata), Vec::<String>::new());
    }
}
