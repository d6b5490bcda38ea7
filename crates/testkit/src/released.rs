//! Every type and schema number ever released, kept as JSON: `TYPE@SCHEMA.json` holds a list of examples of its data.
//!
//! A new schema number adds a file; no file is ever changed or removed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use kernel::Event;
use serde_json::{Value, json, value::RawValue, value::to_raw_value};

/// The golden files of a folder, with the families that they are of.
#[derive(Debug)]
pub struct Released {
    folder: PathBuf,
    families: Vec<Family>,
}

/// A family of events, without saying which.
#[derive(Debug)]
struct Family {
    types: &'static [(&'static str, u32)],
    renew: fn(&str, u32, &RawValue) -> Result<Written, String>,
}

/// An event as it would be recorded today.
#[derive(Debug, PartialEq)]
struct Written {
    kind: &'static str,
    schema: u32,
    data: Value,
}

/// The golden files in `folder`.
///
/// ```no_run
/// # agora::events! { AccountEvent { Opened {} = "account.opened" @ 1 } }
/// testkit::released("tests/released").family::<AccountEvent>().check();
/// ```
#[must_use]
pub fn released(folder: impl AsRef<Path>) -> Released {
    Released { folder: folder.as_ref().to_owned(), families: Vec::new() }
}

impl Released {
    /// With the types of a family.
    #[must_use]
    pub fn family<E: Event>(mut self) -> Self {
        self.families.push(Family { types: E::TYPES, renew: renew::<E> });
        self
    }

    /// How many families there are.
    #[must_use]
    pub fn families(&self) -> usize {
        self.families.len()
    }

    /// Panics unless every type and schema number of the families has a file with examples, every file is of one of them, and every example
    /// is read: written again, one of the current number stays as it is, and an older one means the same when it is read once more.
    /// Whatever is broken, or newer than the program, must be refused.
    #[track_caller]
    pub fn check(&self) {
        let faults: Vec<String> = [self.missing(), self.misread(), self.gullible()].concat();
        assert!(faults.is_empty(), "in {}:\n  {}", self.folder.display(), faults.join("\n  "));
    }

    fn types(&self) -> impl Iterator<Item = (&Family, &'static str, u32)> {
        self.families.iter().flat_map(|family| {
            family.types.iter().map(move |(kind, current)| (family, *kind, *current))
        })
    }

    fn missing(&self) -> Vec<String> {
        let files = self.files();
        let numbers = self
            .types()
            .flat_map(|(_, kind, current)| (1..=current).map(move |number| (kind, number)));
        let lacks = |(kind, number): &(&str, u32)| {
            files.get(&((*kind).to_owned(), *number)).is_none_or(Vec::is_empty)
        };
        let named = |(kind, number)| format!("{kind}@{number}.json is missing or empty");
        numbers.filter(lacks).map(named).collect()
    }

    fn misread(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for ((kind, schema), examples) in self.files() {
            let Some((family, _, current)) = self.types().find(|(_, known, _)| *known == kind)
            else {
                faults.push(format!("{kind} was released, but is in no family any more"));
                continue;
            };
            for example in examples {
                if let Err(fault) = check_example(family, (&kind, schema, current), &example) {
                    faults.push(format!("{kind}@{schema} {example}: {fault}"));
                }
            }
        }
        faults
    }

    /// Without this, examples that are read as something else would pass.
    fn gullible(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (family, kind, current) in self.types() {
            for broken in [json!(null), json!(7), json!([])] {
                if (family.renew)(kind, current, &raw(&broken)).is_ok() {
                    faults.push(format!("{kind} takes {broken}"));
                }
            }
            if (family.renew)(kind, current + 1, &raw(&json!({}))).is_ok() {
                faults.push(format!("{kind} reads a schema number of the future"));
            }
        }
        faults
    }

    /// Type and schema number → examples, of all files.
    #[track_caller]
    fn files(&self) -> BTreeMap<(String, u32), Vec<Value>> {
        let files = fs::read_dir(&self.folder)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", self.folder.display()));
        let read = files.map(|file| {
            let path = file.expect("the folder can be read").path();
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let (kind, schema) = name.split_once('@').expect("files are named TYPE@SCHEMA.json");
            let schema = schema.parse().expect("a schema is a number");
            let text = fs::read_to_string(&path).expect("the file can be read");
            let examples = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{name} is no list of examples: {error}"));
            ((kind.to_owned(), schema), examples)
        });
        read.collect()
    }
}

fn check_example(
    family: &Family,
    (kind, schema, current): (&str, u32, u32),
    example: &Value,
) -> Result<(), String> {
    let written = (family.renew)(kind, schema, &raw(example))?;
    if (written.kind, written.schema) != (kind, current) {
        return Err(format!("it is written as {}@{}", written.kind, written.schema));
    }
    let again = if schema == current { example.clone() } else { written.data.clone() };
    let again = (family.renew)(kind, current, &raw(&again))?;
    if again != written || (schema == current && written.data != *example) {
        return Err(format!("it is written again as {}", written.data));
    }
    Ok(())
}

/// Reads data of a schema and writes it as of today.
fn renew<E: Event>(kind: &str, schema: u32, data: &RawValue) -> Result<Written, String> {
    let event = E::decode(kind, schema, data).map_err(|error| error.to_string())?;
    let data = serde_json::from_str(event.encode().get()).map_err(|error| error.to_string())?;
    Ok(Written { kind: event.kind(), schema: event.schema(), data })
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("a value is JSON")
}
