//! Every type and schema number ever released, kept as JSON: `TYPE@SCHEMA.json` holds a list of examples of its data.
//!
//! A new schema number adds a file; no file is ever changed or removed. `CHANGES.md` beside them says what changed from one number to the
//! next, and whether readers of the older one survive it. `HASHES` lists those that were released, each with its hash.

mod changes;
mod hashes;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kernel::{DecodeError, Event};
use serde_json::{Value, json, value::RawValue, value::to_raw_value};

use changes::Examples;
use hashes::HASHES;

/// The name of the file that says what changed.
const CHANGES: &str = "CHANGES.md";

/// The golden files of a folder, with the families that they are of.
pub struct Released {
    folder: PathBuf,
    families: Vec<Family>,
}

/// A family of events, without saying which.
struct Family {
    types: &'static [(&'static str, u32)],
    renew: Box<Renew>,
}

/// Reads data of a type and schema number, and writes it as it would be recorded today.
type Renew = dyn Fn(&str, u32, &RawValue) -> Result<Written, DecodeError>;

/// An event as it would be recorded today: type, schema number and data.
pub type Written = (&'static str, u32, Box<RawValue>);

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
    pub fn family<E: Event>(self) -> Self {
        self.types(E::TYPES, |kind, schema, data| {
            let event = E::decode(kind, schema, data)?;
            Ok((event.kind(), event.schema(), event.encode()))
        })
    }

    /// With the types of a family, each with its current schema number, of which only a function is known: it reads data of a type and
    /// schema number, and writes it as it would be recorded today.
    #[must_use]
    pub fn types(
        mut self,
        types: &'static [(&'static str, u32)],
        renew: impl Fn(&str, u32, &RawValue) -> Result<Written, DecodeError> + 'static,
    ) -> Self {
        self.families.push(Family { types, renew: Box::new(renew) });
        self
    }

    /// Panics unless every type and schema number of the families has a file with examples, every file is of one of them, and every example
    /// is read: written again, one of the current number stays as it is, and an older one means the same when it is read once more.
    /// Whatever is broken, or newer than the program, must be refused. Once a type has a second schema number, `CHANGES.md` must say what
    /// changed, in the words that the panic prints: so each change of a schema, and what it means for programs that read the older one, is
    /// seen by all who review it. `HASHES` lists the files that were released, with their hashes: they must be as they were.
    #[track_caller]
    pub fn check(&self) {
        let faults: Vec<String> =
            [self.missing(), self.misread(), self.gullible(), self.untold(), self.changed()]
                .concat();
        assert!(faults.is_empty(), "in {}:\n  {}", self.folder.display(), faults.join("\n  "));
    }

    fn all_types(&self) -> impl Iterator<Item = (&Family, &'static str, u32)> {
        self.families.iter().flat_map(|family| {
            family.types.iter().map(move |(kind, current)| (family, *kind, *current))
        })
    }

    fn missing(&self) -> Vec<String> {
        let files = self.files();
        let numbers = self
            .all_types()
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
            let Some((family, _, current)) = self.all_types().find(|(_, known, _)| *known == kind)
            else {
                faults.push(format!("{kind} was released, but is in no family any more"));
                continue;
            };
            for example in examples {
                if let Err(fault) = check_example(family, &kind, schema, current, &example) {
                    faults.push(format!("{kind}@{schema} {example}: {fault}"));
                }
            }
        }
        faults
    }

    /// Without this, examples that are read as something else would pass.
    fn gullible(&self) -> Vec<String> {
        let (mut faults, files) = (Vec::new(), self.files());
        for (family, kind, current) in self.all_types() {
            let examples = files.get(&(kind.to_owned(), current)).into_iter().flatten();
            let broken = examples.filter_map(garbled);
            for broken in [json!(null), json!(7), json!([[7]])].into_iter().chain(broken) {
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

    #[track_caller]
    fn changed(&self) -> Vec<String> {
        hashes::faults(&self.folder, &self.files().into_keys().collect())
    }

    /// What changed, unless `CHANGES.md` says exactly that.
    #[track_caller]
    fn untold(&self) -> Vec<String> {
        let told = match fs::read_to_string(self.folder.join(CHANGES)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.unwrap_or_else(|error| panic!("{CHANGES} cannot be read: {error}")),
        };
        let changed = changes::document(&self.files());
        let is_told = told == changed;
        let fault = || format!("{CHANGES} does not say what changed. It should be:\n\n{changed}");
        if is_told { Vec::new() } else { vec![fault()] }
    }

    /// Type and schema number → examples, of all files.
    #[track_caller]
    fn files(&self) -> Examples {
        let files = fs::read_dir(&self.folder)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", self.folder.display()));
        let paths = files.map(|file| file.expect("the folder can be read").path());
        let examples = paths.filter(|path| !path.ends_with(CHANGES) && !path.ends_with(HASHES));
        let read = examples.map(|path| {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let (kind, schema) = name.split_once('@').expect("files are named TYPE@SCHEMA.json");
            let schema = schema.parse().expect("a schema is a number");
            let text = fs::read_to_string(&path).expect("the file can be read");
            let examples = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{name} is not a list of examples: {error}"));
            ((kind.to_owned(), schema), examples)
        });
        read.collect()
    }
}

/// An example with something of another type in every member; none if it has no members.
fn garbled(example: &Value) -> Option<Value> {
    let members = example.as_object().filter(|members| !members.is_empty())?;
    Some(members.keys().map(|name| (name.clone(), json!([[7]]))).collect())
}

fn check_example(
    family: &Family,
    kind: &str,
    schema: u32,
    current: u32,
    example: &Value,
) -> Result<(), String> {
    let written = renewed(family, kind, schema, example)?;
    let data = if schema == current { example } else { &written };
    let again = renewed(family, kind, current, data)?;
    if again != written || (schema == current && written != *example) {
        return Err(format!("it is written again as {written}"));
    }
    Ok(())
}

/// Data as it would be recorded today, of the same type and the current schema number.
fn renewed(family: &Family, kind: &str, schema: u32, data: &Value) -> Result<Value, String> {
    let renewed = (family.renew)(kind, schema, &raw(data)).map_err(|error| error.to_string());
    let (kind_now, schema_now, data) = renewed?;
    let current = family.types.iter().find(|(known, _)| *known == kind);
    if current != Some(&(kind_now, schema_now)) {
        return Err(format!("it is written as {kind_now}@{schema_now}"));
    }
    serde_json::from_str(data.get()).map_err(|error| error.to_string())
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("a value is JSON")
}
