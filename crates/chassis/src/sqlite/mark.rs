//! Whose a database file is: nothing is emptied or replaced that does not carry the mark of the same model.
//!
//! The mark is SQLite's `application_id`, four bytes of the file's header. Files written before there were marks are recognised by
//! having exactly the tables of their model.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use kernel::Position;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Location, Schema, named, tables, with_suffix};
use crate::ModelError;

/// Where the header keeps the `application_id`, big-endian.
const MARK_AT: usize = 68;
const HEADER_BYTES: usize = 100;

/// What is in a database.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nothing yet.
    New,
    /// This model, in the tables of this schema number.
    Ours(u32),
}

impl Schema {
    /// The mark of the model: not 0, which is what unmarked files have.
    pub(super) fn mark(&self) -> i32 {
        let hash =
            blake3::derive_key("agora read model 2026 application id", self.model.as_bytes());
        let [a, b, c, d, ..] = hash;
        i32::from_be_bytes([a & 0x7f, b, c, d | 1])
    }
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

/// Whose `connection`'s database is; refused if it is anything but empty or this model's.
pub(super) fn owner(
    connection: &Connection,
    location: &Location,
    schema: Schema,
) -> Result<Owner, ModelError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let number = u32::try_from(pragma("user_version")?).unwrap_or(u32::MAX);
    let mark = pragma("application_id")?;
    if mark == i64::from(schema.mark()) {
        return Ok(Owner::Ours(number));
    }
    if mark == 0 && named(connection, "SELECT name FROM sqlite_master")?.is_empty() {
        return Ok(Owner::New);
    }
    // An unmarked file of an older version.
    if mark == 0 && tables(connection)? == schema.unmarked {
        return Ok(Owner::Ours(number));
    }
    Err(foreign(location, schema))
}

/// The refusal of what is not ours.
fn foreign(location: &Location, schema: Schema) -> ModelError {
    ModelError::Refused(format!(
        "{location} holds something other than the {0} read model, so it was left as it is; name another file with --{0}-model, \
         or remove this one if it is not needed",
        schema.model
    ))
}

/// Sets a damaged database of this model aside, so that it can be built again from the log. One that does not carry our mark is left
/// alone and refused.
pub(super) fn set_aside(location: &Location, schema: Schema) -> Result<(), ModelError> {
    let Location::File(path) = location else { return Ok(()) };
    let failed = |error: io::Error| {
        ModelError::Refused(format!("{location} is damaged and cannot be set aside: {error}"))
    };
    if !carries_mark(path, schema).map_err(failed)? {
        return Err(foreign(location, schema));
    }
    // What stands in the log beside it belongs to the damaged file.
    for suffix in ["-wal", "-shm"] {
        match fs::remove_file(with_suffix(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    fs::rename(path, with_suffix(path, ".damaged")).map_err(failed)
}

/// Whether the header carries the model's mark, read past SQLite, which refuses a damaged file.
fn carries_mark(path: &Path, schema: Schema) -> io::Result<bool> {
    let mut header = Vec::new();
    fs::File::open(path)?.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok(header.get(MARK_AT..MARK_AT + 4).is_some_and(|mark| mark == schema.mark().to_be_bytes()))
}

/// Whether an error means that the file is not, or no longer, a whole database; any other may pass by itself.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let damage = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];
    error.sqlite_error_code().is_some_and(|code| damage.contains(&code))
}
