//! What a fifth service takes outside its own folder: a few files, named here one by one.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every source, manifest and description that names the service, and why.
const NAMING: &[(&str, &str)] = &[
    ("Cargo.toml", "a member of the workspace"),
    ("docs/asyncapi.yaml", "its events, described for other languages"),
    ("shop/command/Cargo.toml", "the feature that builds it into the command"),
    ("shop/contracts/src/families.rs", "its family of events"),
    ("shop/contracts/src/lib.rs", "its contracts"),
    ("shop/contracts/src/loyalty.rs", "its contracts"),
    ("shop/registry/Cargo.toml", "the list depends on it"),
    ("shop/registry/src/lib.rs", "its line in the list"),
];
/// Where the name is another's: the service in Python, a word in comments and examples, and what copies this service.
const NOT_THIS_ONE: &[&str] = &[
    "shop/backoffice/src/diagram.rs",
    "shop/command/src/order/diagram.rs",
    "shop/gateway/src/table.rs",
    "shop/order/src/model/conformance/history.rs",
    "tools/servers/src/rabbitmq.rs",
    "tools/xtask/src/main.rs",
    "tools/xtask/src/new_service.rs",
];

/// Built from `docs`, and no part of the project.
const BOOK: &str = "shop/gateway/book";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn a_fifth_service_takes_eight_files_outside_its_own_folder() {
    let mut found = Vec::new();
    for place in ["Cargo.toml", "docs/asyncapi.yaml", "crates", "shop", "tools"] {
        naming(&root(), Path::new(place), &mut found);
    }
    found.sort();
    found.retain(|path| !NOT_THIS_ONE.contains(&path.as_str()));
    let allowed: Vec<&str> = NAMING.iter().map(|(path, _)| *path).collect();
    assert_eq!(found, allowed, "more files need to know of a new service than before, or fewer");
    assert!(allowed.len() <= 8);
}

/// The files below `path` whose text names the service, but for tests and what is built.
fn naming(root: &Path, path: &Path, found: &mut Vec<String>) {
    let whole = root.join(path);
    if whole.is_dir() && (path.ends_with("tests") || path == Path::new(BOOK)) {
        return;
    }
    if whole.is_dir() {
        let entries = fs::read_dir(whole).expect("a folder of the project");
        for entry in entries {
            naming(root, &path.join(entry.expect("an entry").file_name()), found);
        }
        return;
    }
    let read =
        ["rs", "toml", "yaml"].iter().any(|end| path.extension().is_some_and(|is| is == *end));
    if read && fs::read_to_string(&whole).is_ok_and(|text| text.to_lowercase().contains("loyalty"))
    {
        found.push(path.display().to_string());
    }
}
