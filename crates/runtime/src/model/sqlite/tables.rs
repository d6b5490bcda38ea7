//! The tables of a read model: finding, creating and emptying them.

use kernel::Position;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::{
    Location, Schema, aside, beside,
    content::{has_tables_of, named, names},
    files::private,
    mark,
};
use crate::ModelError;

/// The event that begins the log which the model is built from. Files of before this table are as good as those with it.
const ORIGIN: &str = "CREATE TABLE IF NOT EXISTS origin (first BLOB NOT NULL)";
/// Opens a database of the schema, empty if there is none that can be used; see [`super::Database::open`].
pub(super) fn open_or_replace(
    location: &Location,
    schema: Schema,
    serves: &[u32],
) -> Result<Connection, ModelError> {
    let opened = match open_current(location, schema, serves) {
        Err(ModelError::Damaged(error)) => {
            mark::set_aside(location, schema)?;
            tracing::warn!(%error, %location, "the read model is damaged; renamed it to .damaged, rebuilding it from the log");
            open_current(location, schema, serves)
        }
        opened => opened,
    };
    opened.map_err(|error| explained(error, location))
}

/// An error of the system with the file it is about, and what to do.
pub(super) fn explained(error: ModelError, location: &Location) -> ModelError {
    match error {
        ModelError::Sqlite(error) | ModelError::Damaged(error) => ModelError::Refused(format!(
            "{location} cannot be opened ({error}); nothing was changed. Check the disk's free space, the file's owner and permissions, and that \
             no other process has it open, then start again"
        )),
        other => other,
    }
}

fn open_current(
    location: &Location,
    schema: Schema,
    serves: &[u32],
) -> Result<Connection, ModelError> {
    let mut connection = location.open()?;
    // Before anything is written: it may belong to another program.
    let owner = mark::owner(&connection, location, schema)?;
    location.configure(&connection)?;
    private(location);
    let is_served =
        |found| serves.iter().any(|number| Schema { number: *number, ..schema }.shape() == found);
    let is_current = owner == mark::Owner::Ours(schema.shape());
    if is_current || matches!(owner, mark::Owner::Ours(found) if is_served(found)) {
        connection.execute_batch(aside::TABLE)?;
    } else {
        let transaction = connection.transaction()?;
        drop_all(&transaction)?;
        create(&transaction, schema)?;
        transaction.commit()?;
    }
    mark::put(&connection, schema)?;
    checkpoint(&connection)?;
    if mark::shape(&connection)? == schema.shape() {
        beside::keep(location, schema);
    }
    Ok(connection)
}

/// Reads a file once from end to end, so that damage is found before its page is needed.
pub(super) fn whole(
    connection: &Connection,
    location: &Location,
    schema: Schema,
) -> Result<(), ModelError> {
    if matches!(location, Location::Memory(_)) {
        return Ok(());
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // What was read is not kept: damage done from now on would hide behind it.
    connection.execute_batch("PRAGMA shrink_memory")?;
    if found != "ok" {
        return Err(mark::damaged(found));
    }
    if mark::shape(connection)? == schema.shape() && !has_tables_of(connection, schema)? {
        return Err(mark::damaged("its tables are not those of the model".to_owned()));
    }
    Ok(())
}

/// The event that begins the log; `first` if none was noted before.
pub(super) fn built_from(connection: &Connection, first: Uuid) -> rusqlite::Result<Uuid> {
    connection.execute_batch(ORIGIN)?;
    let insert = "INSERT INTO origin SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM origin)";
    connection.execute(insert, [first.as_bytes()])?;
    let noted: [u8; 16] = connection.query_row("SELECT first FROM origin", [], |row| row.get(0))?;
    Ok(Uuid::from_bytes(noted))
}

pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<Position> {
    let mut query = connection.prepare_cached("SELECT position FROM checkpoint")?;
    let position = query.query_row([], |row| row.get(0)).optional()?;
    Ok(Position(position.unwrap_or(0)))
}

/// A virtual table takes its own tables along.
pub(super) fn drop_all(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'";
    let virtual_tables = names(connection, sql)?;
    for table in virtual_tables.into_iter().chain(named(connection)?) {
        connection.execute_batch(&format!("DROP TABLE \"{table}\""))?;
    }
    Ok(())
}

pub(super) fn create(connection: &Connection, schema: Schema) -> rusqlite::Result<()> {
    connection.execute_batch(schema.create)?;
    connection.execute_batch(
        "CREATE TABLE checkpoint (position INTEGER NOT NULL); INSERT INTO checkpoint VALUES (0);",
    )?;
    connection.execute_batch(aside::TABLE)?;
    connection.pragma_update(None, "user_version", schema.shape().cast_signed())
}
