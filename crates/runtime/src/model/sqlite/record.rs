//! Which generations of a model there are, in a small file beside the first one: `FILE.generations`. Where there is no such file, the model
//! has its first generation only.
//!
//! The file is replaced as a whole, so after a crash it says what was before a step or what is after it. Generations that it counted and
//! does not name are what a step left behind, and are removed at the next start; without it, nothing is.
//!
//! A model in memory has its record beside it while it is held (`held.rs`); else it has its first generation only.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Location, Schema, files::with_suffix, held, mark};
use crate::{ModelError, model::Other, model::Purpose, shape::is_newer};

/// The first generation, in the file that the setting names.
pub(super) const FIRST: u32 = 1;
/// The files of a database.
const ENDS: [&str; 4] = ["", "-wal", "-shm", ".mark"];
const SUFFIX: &str = ".generations";
/// Before the number of every generation but the first.
const GENERATION: &str = ".gen-";

/// The generations of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Record {
    /// The one that serves.
    pub(super) current: u32,
    pub(super) other: Option<Other>,
    /// The last number that was used.
    pub(super) last: u32,
}

impl Location {
    /// Where a generation of the model is, whose first one is here.
    #[must_use]
    pub fn generation(&self, number: u32) -> Self {
        match self {
            first if number == FIRST => first.clone(),
            Self::File(path) => Self::File(with_suffix(path, &format!("{GENERATION}{number}"))),
            Self::Memory(name) => Self::Memory(format!("{name}.{number}")),
        }
    }
}

impl Record {
    const ALONE: Self = Self { current: FIRST, other: None, last: FIRST };

    /// Of the model at `location`; what it counted and does not name is removed. Where a newer version of the program left a generation that
    /// serves it alone, and one beside it that serves us, the latter serves.
    pub(super) fn of(location: &Location, schema: Schema) -> Result<Self, ModelError> {
        let mut record = match location {
            Location::File(path) => match Self::read(path)? {
                Some(record) => {
                    record.remove_others(location, schema.model);
                    record
                }
                None => Self::found(path, schema.model),
            },
            Location::Memory(_) => {
                let noted = held::noted(location);
                let record = noted.and_then(|note| serde_json::from_slice(&note).ok());
                record.unwrap_or(Self::ALONE)
            }
        };
        let is_newer = |number| {
            let shape = mark::shape_in(&location.generation(number), schema);
            shape.is_some_and(|shape| is_newer(shape, schema.shape()))
        };
        if let Some(other) = record.other
            && is_newer(record.current)
            && !is_newer(other.number)
        {
            tracing::warn!(%location, "the read model was built by a newer version; serving the older generation");
            let newer = Other { number: record.current, purpose: Purpose::Building };
            record = Self { current: other.number, other: Some(newer), ..record };
            record.write(location)?;
        }
        Ok(record)
    }

    /// As it was written; none where there is none, or what there is cannot be parsed.
    fn read(path: &Path) -> Result<Option<Self>, ModelError> {
        let place = with_suffix(path, SUFFIX);
        let written = match fs::read(&place) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let place = place.display();
                return Err(ModelError::Other(format!(
                    "{place}, which says what model serves, cannot be read: {error}"
                )));
            }
        };
        let record = serde_json::from_slice(&written);
        if let Err(error) = &record {
            tracing::warn!(%error, file = %place.display(), "the record of the read model's generations cannot be read; serving the most advanced one");
        }
        Ok(record.ok())
    }

    /// Without a record, the one that is furthest serves, the newest of several; the others stay where they are.
    fn found(path: &Path, model: &str) -> Self {
        let all = numbered(path, model);
        let reached = |&(number, ref path): &(u32, PathBuf)| (mark::checkpoint_in(path), number);
        let furthest = all.iter().max_by_key(|found| reached(found));
        let last = all.iter().map(|(number, _)| *number).max().unwrap_or(FIRST);
        furthest.map_or(Self::ALONE, |&(current, _)| Self { current, other: None, last })
    }

    /// Replaces what is recorded, durably.
    pub(super) fn write(&self, location: &Location) -> Result<(), ModelError> {
        let Location::File(path) = location else {
            let note = serde_json::to_vec(self).expect("numbers serialise");
            let numbers = [Some(self.current), self.other.map(|other| other.number)];
            let others = numbers.into_iter().flatten().filter(|number| *number != FIRST);
            let others = others.map(|number| location.generation(number));
            return Ok(held::note(location, note, others)?);
        };
        self.put(path).map_err(|error| {
            ModelError::Other(format!(
                "{} cannot be written: {error}",
                with_suffix(path, SUFFIX).display()
            ))
        })
    }

    fn put(&self, path: &Path) -> io::Result<()> {
        let (place, new) = (with_suffix(path, SUFFIX), with_suffix(path, ".generations-new"));
        let mut private = fs::OpenOptions::new();
        let mut file = private.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&new, &place)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Removes the databases that it counted and does not name.
    fn remove_others(&self, location: &Location, model: &str) {
        let Location::File(path) = location else { return };
        for (number, file) in numbered(path, model) {
            let is_named = self.other.is_some_and(|other| other.number == number);
            if number <= self.last && number != self.current && !is_named {
                tracing::info!(file = %file.display(), "removing a read model that a rebuild left behind");
                remove(&location.generation(number));
            }
        }
    }

    /// A number for one more generation: no database has its name yet.
    pub(super) fn next(&self, location: &Location) -> u32 {
        let is_taken = |number: u32| match location.generation(number) {
            Location::File(path) => path.exists(),
            Location::Memory(_) => false,
        };
        (self.last + 1..u32::MAX).find(|number| !is_taken(*number)).unwrap_or(u32::MAX)
    }
}

/// Removes a database. What cannot be removed is tried again at the next start.
pub(super) fn remove(location: &Location) {
    let Location::File(path) = location else { return };
    for file in ENDS.map(|end| with_suffix(path, end)) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, file = %file.display(), "an unused read model cannot be removed");
            }
            _ => {}
        }
    }
}

/// The generations of a model that are there, recorded or not: their numbers and files.
fn numbered(path: &Path, model: &str) -> Vec<(u32, PathBuf)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let beside = fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = beside
        .filter_map(|entry| Some((number_of(entry.file_name().to_str()?, name)?, entry.path())))
        .filter(|(_, file)| mark::is_replaceable(file, model).is_ok_and(|ours| ours))
        .collect();
    found.sort();
    found
}

/// The number of the generation in a file, of a model whose first one is in the file `first`.
fn number_of(file: &str, first: &str) -> Option<u32> {
    let rest = file.strip_prefix(first)?;
    if rest.is_empty() {
        return Some(FIRST);
    }
    let digits = rest.strip_prefix(GENERATION)?;
    let number: u32 = digits.parse().ok()?;
    (number > FIRST && digits == number.to_string()).then_some(number)
}

/// The file of the generation that serves, of the model whose first one is at `path`.
#[must_use]
pub fn serving_in(path: &Path) -> PathBuf {
    let current = Record::read(path).ok().flatten().map_or(FIRST, |record| record.current);
    match Location::File(path.to_owned()).generation(current) {
        Location::File(path) => path,
        Location::Memory(_) => path.to_owned(),
    }
}

/// All files of the generations of a model whose first one is at `path`, but for that one's own; their record included.
#[must_use]
pub fn beside(path: &Path, model: &str) -> Vec<PathBuf> {
    let others = numbered(path, model).into_iter().filter(|(number, _)| *number != FIRST);
    let files = others.flat_map(|(_, path)| ENDS.map(|end| with_suffix(&path, end)));
    files.chain([with_suffix(path, SUFFIX)]).filter(|file| file.exists()).collect()
}
