//! What the command is made of, as a `CycloneDX` bill of materials: every crate that is compiled into it, and what uses what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{VERSION, epoch};
use crate::run::{cargo, program, root};

/// A crate as cargo shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
}

/// What each crate uses, by reference.
type Uses = BTreeMap<String, BTreeSet<String>>;

pub(super) fn list() -> anyhow::Result<Value> {
    let (crates, uses) = tree()?;
    let checksums = checksums()?;
    let shown = |one: &Crate| {
        let licence = one.licence.replace('/', " OR ");
        let licences = (!licence.is_empty()).then(|| json!({ "expression": licence }));
        let checksum = checksums.get(&(one.name.clone(), one.version.clone()));
        let hashes = checksum.map(|checksum| json!({ "alg": "SHA-256", "content": checksum }));
        json!({
            "type": "library", "bom-ref": one.reference(), "name": one.name, "version": one.version,
            "purl": one.reference(), "licenses": Vec::from_iter(licences), "hashes": Vec::from_iter(hashes),
        })
    };
    let of_time = program("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ", "-d", &format!("@{}", epoch())]);
    let time = { of_time }.output().context("there is a program date")?;
    let time = String::from_utf8_lossy(&time.stdout).trim().to_owned();
    let dependencies = uses.iter().map(|(one, used)| json!({ "ref": one, "dependsOn": used }));
    Ok(json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "timestamp": time,
            "component": {
                "type": "application", "bom-ref": "agora", "name": "agora", "version": VERSION,
                "licenses": [{ "expression": "MIT" }],
            },
        },
        "components": crates.iter().map(shown).collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    }))
}

/// All crates of the command but itself, and which uses which: as cargo resolves them for this system, without what only runs at build time.
fn tree() -> anyhow::Result<(BTreeSet<Crate>, Uses)> {
    let mut tree = cargo(&["tree", "--locked", "--package", "command", "--features", "full"]);
    tree.args(["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "|{p}|{l}"]);
    let tree = tree.output()?;
    if !tree.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&tree.stderr));
    }
    let mut crates = BTreeSet::new();
    let mut uses = Uses::new();
    // Those that the crate of a line is within.
    let mut within: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(&tree.stdout).lines() {
        let [depth, package, licence] = line.splitn(3, '|').collect::<Vec<_>>()[..] else {
            bail!("cargo tree says {line:?}");
        };
        let depth: usize = depth.parse().with_context(|| line.to_owned())?;
        let mut words = package.split_whitespace();
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let one = Crate {
            name: name.to_owned(),
            version: version.trim_start_matches('v').to_owned(),
            // A star says that what it uses was listed before.
            licence: licence.trim_end_matches("(*)").trim().to_owned(),
        };
        let reference = if depth == 0 { "agora".to_owned() } else { one.reference() };
        within.truncate(depth);
        if let Some(user) = within.last() {
            uses.entry(user.clone()).or_default().insert(reference.clone());
        }
        uses.entry(reference.clone()).or_default();
        within.push(reference);
        if depth > 0 {
            crates.insert(one);
        }
    }
    Ok((crates, uses))
}

/// The checksums of everything that comes from the registry, by name and version.
fn checksums() -> anyhow::Result<BTreeMap<(String, String), String>> {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock"))?.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).context("packages")?;
    let text = |package: &toml::Value, name| package.get(name)?.as_str().map(str::to_owned);
    let checksum = |package| {
        Some(((text(package, "name")?, text(package, "version")?), text(package, "checksum")?))
    };
    Ok(packages.iter().filter_map(checksum).collect())
}

impl Crate {
    /// Its name anywhere: a package URL.
    fn reference(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}
