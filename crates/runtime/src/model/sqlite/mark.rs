//! The owner of a database file: only a file with the mark of the same model is ever emptied or replaced.
//!
//! The mark is SQLite's `application_id`, four bytes of the file's header. Files written before there were marks are recognised by
//! having exactly the tables of their model. If the mark is damaged, the note beside the file is used (see `beside`).

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use kernel::Position;
use rusqlite::{Connection, OpenFlags, ffi};

use super::{
    Location, Schema, beside,
    content::{has_tables_of, named, names},
    files::with_suffix,
};
use crate::{
    ModelError,
    shape::{self, is_newer},
};

/// Where the header keeps the `application_id`, big-endian.
const MARK_AT: usize = 68;
const HEADER_BYTES: usize = 100;
/// Where it keeps the format of the tables, and the encoding of texts.
const FORMAT_AT: usize = 44;
const ENCODING_AT: usize = 56;
const FORMAT_MAX: u32 = 4;
const UTF_8: u32 = 1;
/// Models whose files are in the data folder, without a setting that names another place.
const WITHOUT_SETTING: [&str; 2] = ["sessions", "snapshots"];

/// What is in a database.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nothing yet.
    New,
    /// This model, in tables of this shape.
    Ours(u32),
}

impl Schema {
    /// The mark of the model: not 0, which is what unmarked files have.
    pub(super) fn mark(&self) -> i32 {
        mark_of(self.model)
    }

    /// The shape of the tables as it is stored with them.
    pub(super) fn shape(&self) -> u32 {
        shape::shape(self.number, self.variant)
    }
}

fn mark_of(model: &str) -> i32 {
    let [a, b, c, d, ..] =
        blake3::derive_key("agora read model 2026 application id", model.as_bytes());
    i32::from_be_bytes([a & 0x7f, b, c, d | 1])
}

/// Whether the file at `path` may be replaced by this model's: it carries the model's mark, or has the note of it beside it, or is empty.
pub fn is_replaceable(path: &Path, model: &str) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    let is_known =
        || -> io::Result<bool> { Ok(carries_mark(path, model)? || beside::is_ours(path, model)) };
    Ok(metadata.is_file() && (metadata.len() == 0 || is_known()?))
}

/// The checkpoint in a model's file, read without changing anything; none if there is no such file, or none can be read.
#[must_use]
pub fn checkpoint_in(path: &Path) -> Option<Position> {
    let absolute = fs::canonicalize(path).ok()?;
    // What is written ahead of the file is part of it; where there is nothing, SQLite need not make a file of its own to look.
    let ahead = fs::metadata(with_suffix(&absolute, "-wal")).is_ok_and(|file| file.len() > 0);
    let name = absolute.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let name = format!("file:{name}?{}", if ahead { "mode=ro" } else { "immutable=1" });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(name, flags).ok()?;
    connection.query_row("SELECT position FROM checkpoint", [], |row| row.get(0).map(Position)).ok()
}

/// The shape of the tables, as it is stored with them.
pub(super) fn shape(connection: &Connection) -> rusqlite::Result<u32> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(i32::try_from(found).map_or(u32::MAX, i32::cast_unsigned))
}

/// The shape of the model in a database, or `None` if its file is missing or belongs to another model.
pub(super) fn shape_in(location: &Location, schema: Schema) -> Option<u32> {
    if let Location::File(path) = location
        && (!path.exists() || !is_replaceable(path, schema.model).is_ok_and(|ours| ours))
    {
        return None;
    }
    shape(&location.open().ok()?).ok()
}

/// Whose `connection`'s database is; refused if it is anything but empty or this model's.
pub(super) fn owner(
    connection: &Connection,
    location: &Location,
    schema: Schema,
) -> Result<Owner, ModelError> {
    if let Location::File(path) = location
        && !has_header_of_ours(path)
    {
        return Err(damaged("its header is not ours".to_owned()));
    }
    let found = shape(connection)?;
    let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if mark == 0 && names(connection, "SELECT name FROM sqlite_master")?.is_empty() {
        return Ok(Owner::New);
    }
    // An unmarked file of an older version.
    let is_adopted = mark == 0 && {
        let mut tables = named(connection)?;
        tables.retain(|table| table != "aside");
        tables == schema.unmarked
    };
    if !is_adopted && mark != i64::from(schema.mark()) {
        let is_noted =
            matches!(location, Location::File(path) if beside::is_ours(path, schema.model));
        let is_ours = is_noted && has_tables_of(connection, schema)?;
        return Err(if is_ours {
            damaged("its mark is different".to_owned())
        } else {
            foreign(location, schema)
        });
    }
    if is_newer(found, schema.shape()) {
        // A newer version would have noted its own shape.
        if beside::is_current(location, schema) {
            return Err(damaged("its version is different".to_owned()));
        }
        return Err(ModelError::Refused(format!(
            "{location} holds the {} read model of a newer version of this program, so it was left as it is. Start that version, or remove the \
             file: then the model is rebuilt from the log",
            schema.model
        )));
    }
    Ok(Owner::Ours(found))
}

/// Marks a database as the model's: in the file itself, where it is found whatever becomes of the log beside it.
pub(super) fn put(connection: &Connection, schema: Schema) -> rusqlite::Result<()> {
    let found: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found == schema.mark() {
        return Ok(());
    }
    connection.pragma_update(None, "application_id", schema.mark())?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// The refusal of what is not ours.
fn foreign(location: &Location, Schema { model, .. }: Schema) -> ModelError {
    let remedy = if WITHOUT_SETTING.contains(&model) {
        "choose another data folder".to_owned()
    } else {
        format!("choose another file with --{model}-model")
    };
    ModelError::Refused(format!(
        "{location} holds something other than the {model} read model, so it was left as it is; {remedy}, or remove this file if it is \
         not needed"
    ))
}

/// Sets a damaged database of this model aside, so that it can be built again from the log. One that neither carries our mark nor has
/// our note beside it is left alone and refused.
pub(super) fn set_aside(location: &Location, schema: Schema) -> Result<(), ModelError> {
    let Location::File(path) = location else { return Ok(()) };
    let is_marked = carries_mark(path, schema.model).map_err(|error| stuck(location, &error))?;
    if is_marked || beside::is_ours(path, schema.model) {
        move_aside(location, schema)
    } else {
        Err(foreign(location, schema))
    }
}

/// Sets aside a damaged database that is known to be ours. What does not carry our mark any more takes the place of nothing that was
/// set aside before: it may be something that was put over our file.
pub(super) fn move_aside(location: &Location, schema: Schema) -> Result<(), ModelError> {
    let Location::File(path) = location else { return Ok(()) };
    let unless_gone = |done: io::Result<()>| match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(stuck(location, &error)),
        _ => Ok(()),
    };
    let aside = if matches!(carries_mark(path, schema.model), Ok(false)) {
        free(path)
    } else {
        with_suffix(path, ".damaged")
    };
    // What is in the log beside it belongs to the damaged file.
    unless_gone(fs::remove_file(with_suffix(path, "-shm")))?;
    unless_gone(fs::remove_file(with_suffix(&aside, "-wal")))?;
    unless_gone(fs::rename(with_suffix(path, "-wal"), with_suffix(&aside, "-wal")))?;
    unless_gone(fs::rename(path, aside))
}

/// A name for a file set aside that no other has.
fn free(path: &Path) -> PathBuf {
    let numbered = (2_u32..).map(|number| with_suffix(path, &format!(".damaged-{number}")));
    let mut names = std::iter::once(with_suffix(path, ".damaged")).chain(numbered);
    names.find(|name| !name.exists()).unwrap_or_else(|| with_suffix(path, ".damaged"))
}

fn stuck(location: &Location, error: &io::Error) -> ModelError {
    ModelError::Refused(format!("{location} is damaged and cannot be set aside: {error}"))
}

/// The header, read past SQLite, which refuses a damaged file.
fn header(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    fs::File::open(path)?.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok(header)
}

/// Whether the header is one of a database that can be written, in UTF-8, where SQLite says otherwise with errors that may have other
/// causes. What has no header yet has none that is wrong.
fn has_header_of_ours(path: &Path) -> bool {
    let Ok(header) = header(path) else { return true };
    let Some(header) = header.first_chunk::<HEADER_BYTES>() else { return true };
    let [.., write, read] = *header.first_chunk::<20>().unwrap_or(&[1; 20]);
    let number = |at| {
        let bytes = header.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    let is_writable = [write, read].iter().all(|version| [1, 2].contains(version));
    is_writable && number(FORMAT_AT) <= FORMAT_MAX && number(ENCODING_AT) <= UTF_8
}

/// Whether the file of a database that was opened has lost even its header.
pub(super) fn is_emptied(location: &Location) -> bool {
    let Location::File(path) = location else { return false };
    fs::metadata(path).is_ok_and(|file| file.len() < HEADER_BYTES as u64)
}

/// Whether the header carries the model's mark.
fn carries_mark(path: &Path, model: &str) -> io::Result<bool> {
    let header = header(path)?;
    Ok(header.get(MARK_AT..MARK_AT + 4).is_some_and(|mark| mark == mark_of(model).to_be_bytes()))
}

/// The error of a file in which we find damage ourselves.
pub(super) fn damaged(reason: String) -> ModelError {
    let corrupt = ffi::Error::new(ffi::SQLITE_CORRUPT);
    ModelError::Damaged(rusqlite::Error::SqliteFailure(corrupt, Some(reason)))
}
