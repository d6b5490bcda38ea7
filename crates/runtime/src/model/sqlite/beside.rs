//! The note beside a database file, `FILE.mark`: its owner and layout, for when the mark in its header is damaged.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::{Location, Schema, files::with_suffix};

const SUFFIX: &str = ".mark";

/// Whether the note says that the file is the model's.
pub(super) fn is_ours(file: &Path, model: &str) -> bool {
    noted(file).is_some_and(|note| note.starts_with(&owner(model)))
}

/// Whether the note says that the file is this model's, in this shape.
pub(super) fn is_current(location: &Location, schema: Schema) -> bool {
    matches!(location, Location::File(file) if noted(file).is_some_and(|note| note == of(schema)))
}

/// Writes the note. Without it there is still the mark in the header, so a failure is only logged.
pub(super) fn keep(location: &Location, schema: Schema) {
    let Location::File(file) = location else { return };
    if is_current(location, schema) {
        return;
    }
    if let Err(error) = write(file, &of(schema)) {
        tracing::warn!(%error, %location, "cannot write the note beside the read model; if its header is ever damaged, it must be removed by hand");
    }
}

/// Never replaces a file that is not such a note.
fn write(file: &Path, note: &str) -> io::Result<()> {
    let is_free = match noted(file) {
        Some(other) => other.starts_with(OURS),
        None => !with_suffix(file, SUFFIX).exists(),
    };
    if !is_free {
        return Err(io::Error::other("another file is in its place"));
    }
    let mut private = fs::OpenOptions::new();
    let private = private.write(true).create(true).truncate(true).mode(0o600);
    private.open(with_suffix(file, SUFFIX))?.write_all(note.as_bytes())
}

fn noted(file: &Path) -> Option<String> {
    fs::read_to_string(with_suffix(file, SUFFIX)).ok()
}

/// What every note begins with.
const OURS: &str = "agora ";

fn owner(model: &str) -> String {
    format!("{OURS}{model} ")
}

fn of(schema: Schema) -> String {
    format!("{}{}\n", owner(schema.model), schema.shape())
}
