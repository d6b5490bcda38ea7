//! Every event type and schema number ever released, kept as JSON: `released/TYPE@SCHEMA.json` holds examples of its data.
//!
//! A new schema number adds a file; no file is ever changed or removed.

use std::{collections::BTreeMap, fs, path::PathBuf};

use contracts::{FAMILIES, Family};
use serde_json::{Value, value::RawValue};

/// An event as it would be recorded today.
#[derive(Debug, PartialEq)]
struct Written {
    kind: &'static str,
    schema: u32,
    data: Value,
}

fn renew(family: &Family, kind: &str, schema: u32, data: &RawValue) -> Result<Written, String> {
    let renewed = (family.renew)(kind, schema, data).map_err(|error| error.to_string())?;
    let data = serde_json::from_str(renewed.data.get()).expect("an event writes JSON");
    Ok(Written { kind: renewed.kind, schema: renewed.schema, data })
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Type and schema number → examples, of all files.
fn released() -> BTreeMap<(String, u32), Vec<Value>> {
    let files = fs::read_dir(folder("tests/released")).expect("the folder is there");
    let read = files.map(|file| {
        let path = file.expect("the folder can be read").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("names are UTF-8");
        let (kind, schema) = name.split_once('@').expect("named TYPE@SCHEMA.json");
        let text = fs::read_to_string(&path).expect("the file can be read");
        let examples = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{name} is no list of examples: {error}"));
        ((kind.to_owned(), schema.parse().expect("a schema is a number")), examples)
    });
    read.collect()
}

fn family_of(kind: &str) -> (&'static Family, u32) {
    let named = |family: &'static Family| {
        let found = family.types.iter().find(|(name, _)| *name == kind)?;
        Some((family, found.1))
    };
    let known = FAMILIES.iter().find_map(named);
    known.unwrap_or_else(|| panic!("{kind} was released, but is in no family any more"))
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("a value is JSON")
}

#[test]
fn every_type_and_schema_number_has_a_file() {
    let released = released();
    for (kind, current) in FAMILIES.iter().flat_map(|family| family.types) {
        for schema in 1..=*current {
            let examples = released.get(&((*kind).to_owned(), schema));
            let some = examples.is_some_and(|examples| !examples.is_empty());
            assert!(some, "tests/released/{kind}@{schema}.json is missing or empty");
        }
    }
}

#[test]
fn whatever_was_released_is_read_and_means_the_same() {
    for ((kind, schema), examples) in released() {
        let (family, current) = family_of(&kind);
        assert!(schema <= current, "{kind}@{schema} is newer than the family knows");
        for example in examples {
            let context = || format!("{kind}@{schema}: {example}");
            let written = renew(family, &kind, schema, &raw(&example))
                .unwrap_or_else(|error| panic!("{error}; {}", context()));
            assert_eq!((written.kind, written.schema), (&*kind, current), "{}", context());
            if schema == current {
                assert_eq!(written.data, example, "written again, {}", context());
            } else {
                let again = renew(family, &kind, current, &raw(&written.data));
                assert_eq!(again.as_ref(), Ok(&written), "upcast, {}", context());
            }
        }
    }
}

#[test]
fn a_field_that_is_missing_or_of_another_type_is_noticed() {
    // Without this, examples that are read as something else would pass.
    for (kind, current) in FAMILIES.iter().flat_map(|family| family.types) {
        let (family, _) = family_of(kind);
        for broken in ["null", "7", "{\"order\":7,\"name\":7,\"units_change\":null,\"personal\":7}"]
        {
            let data = RawValue::from_string(broken.to_owned()).expect("is JSON");
            assert!(renew(family, kind, *current, &data).is_err(), "{kind} took {broken}");
        }
        let newer = renew(family, kind, current + 1, &raw(&serde_json::json!({})));
        assert!(newer.is_err_and(|error| error.contains("newer")), "{kind} read the future");
    }
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
