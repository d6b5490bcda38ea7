//! Every event type and schema number ever released, kept as JSON: `released/TYPE@SCHEMA.json` holds examples of its data.
//!
//! A new schema number adds a file; no file is ever changed or removed.

use std::{fs, path::PathBuf};

use contracts::FAMILIES;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn whatever_was_released_is_read_and_means_the_same() {
    let released = testkit::released(folder("tests/released"));
    let released = FAMILIES.iter().fold(released, |released, family| {
        released.types(family.types, |kind, schema, data| {
            let renewed = (family.renew)(kind, schema, data)?;
            Ok((renewed.kind, renewed.schema, renewed.data))
        })
    });
    released.check();
}

#[test]
fn no_family_is_left_out() {
    let sources = fs::read_dir(folder("src")).expect("the sources are there");
    let declared = sources.filter(|file| {
        let path = file.as_ref().expect("the folder can be read").path();
        let text = if path.is_file() { fs::read_to_string(path) } else { Ok(String::new()) };
        text.expect("sources are UTF-8").lines().any(|line| line == "events! {")
    });
    assert_eq!(declared.count(), FAMILIES.len(), "a family of events is missing in FAMILIES");
}
