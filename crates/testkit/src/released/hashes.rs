//! That golden files stay as they were released: `HASHES` beside them has the BLAKE3 hash of each, as `b3sum` prints it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The name of the file with the hashes.
pub(super) const HASHES: &str = "HASHES";

/// What is no longer as it was released, and what is released and not listed. A file that is not listed is not released yet, unless there
/// is a newer number of its type.
pub(super) fn faults(folder: &Path, files: &BTreeSet<(String, u32)>) -> Vec<String> {
    let listed = fs::read_to_string(folder.join(HASHES)).unwrap_or_default();
    let listed: BTreeMap<&str, &str> = listed
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(hash, name)| (name, hash)))
        .collect();
    let changed = listed.iter().filter_map(|(name, hash)| match hash_of(folder, name) {
        None => Some(format!("{name} was released, and is gone: put it back")),
        Some(now) if now == **hash => None,
        Some(_) => Some(format!(
            "{name} was released, and has been changed since: put it back. What is recorded stays as it is, so a change needs a new number"
        )),
    });
    let outgrown =
        files.iter().filter(|(kind, number)| files.contains(&(kind.clone(), number + 1)));
    let missing = outgrown.filter_map(|(kind, number)| {
        let name = format!("{kind}@{number}.json");
        let hash = hash_of(folder, &name)?;
        let is_listed = listed.contains_key(&*name);
        (!is_listed).then(|| {
            format!("there is a newer number, so {name} is released; add this line to {HASHES}: {hash}  {name}")
        })
    });
    changed.chain(missing).collect()
}

fn hash_of(folder: &Path, name: &str) -> Option<String> {
    let content = fs::read(folder.join(name)).ok()?;
    Some(blake3::hash(&content).to_hex().to_string())
}
