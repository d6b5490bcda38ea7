//! SQLite as the engine of embedded read models: one writer, readers beside it, the checkpoint in every transaction.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use kernel::Position;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Transaction, config::DbConfig, types::ValueRef,
};

use crate::{LocationError, ModelError};

/// Reading connections kept open; as many reads run at once as there are cores, a few more wait their turn anyway.
const READERS_MAX: usize = 8;
/// Prepared statements kept by each connection.
const STATEMENTS_MAX: usize = 64;

/// Where a database lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    File(PathBuf),
    /// In memory, shared by the connections that name it, alive as long as one of them is.
    Memory(String),
}

/// A read model's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    location: Location,
    schema: Schema,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

/// The tables of a read model. Another number means that an older database is emptied and built anew from the log.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub number: u32,
    /// SQL that creates all tables and indexes.
    pub create: &'static str,
}

impl Database {
    /// Opens a database and makes its tables; one of another schema, or a damaged one, is thrown away first.
    pub fn open(location: Location, schema: Schema) -> rusqlite::Result<Self> {
        let writer = match open_current(&location, schema) {
            Ok(writer) => writer,
            Err(error) => {
                tracing::warn!(%error, ?location, "a read model cannot be used as it is; rebuilding it from the log");
                location.remove();
                open_current(&location, schema)?
            }
        };
        let inner =
            Inner { location, schema, writer: Mutex::new(writer), readers: Mutex::default() };
        Ok(Self(Arc::new(inner)))
    }

    /// The position up to which everything is in the database.
    pub fn checkpoint(&self) -> rusqlite::Result<Position> {
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        checkpoint(&writer)
    }

    /// Makes a change and moves the checkpoint, together or not at all.
    pub fn apply(
        &self,
        from: Position,
        to: Position,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), ModelError> {
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        change(&transaction)?;
        let moved = transaction
            .prepare_cached("UPDATE checkpoint SET position = ?1 WHERE position = ?2")?
            .execute([to.0, from.0])?;
        if moved == 0 {
            return Err(ModelError::Stale);
        }
        Ok(transaction.commit()?)
    }

    /// Reads; blocks only as long as the query takes.
    pub fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let pooled = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match pooled {
            Some(reader) => reader,
            None => self.0.location.connect()?,
        };
        let result = query(&reader);
        let mut readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_MAX {
            readers.push(reader);
        }
        result
    }

    /// Empties all tables and sets the checkpoint to the start.
    pub fn reset(&self) -> rusqlite::Result<()> {
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        drop_tables(&transaction)?;
        create_tables(&transaction, self.0.schema)?;
        transaction.commit()
    }

    /// All rows of all tables as text, in a fixed order: what a rebuilt model is compared by.
    pub fn dump(&self) -> rusqlite::Result<Vec<String>> {
        self.read(|connection| {
            // One snapshot of all tables, whatever is written meanwhile.
            let connection = connection.unchecked_transaction()?;
            let mut lines = Vec::new();
            for table in tables(&connection)? {
                let mut query = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
                let columns = query.column_count();
                let mut rows = query.query([])?;
                while let Some(row) = rows.next()? {
                    let values: rusqlite::Result<Vec<ValueRef<'_>>> =
                        (0..columns).map(|column| row.get_ref(column)).collect();
                    lines.push(line(&table, &values?));
                }
            }
            lines.sort();
            Ok(lines)
        })
    }
}

impl FromStr for Location {
    type Err = LocationError;

    /// `sqlite:FILE`.
    fn from_str(text: &str) -> Result<Self, LocationError> {
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err(LocationError::Scheme("sqlite:FILE"));
        };
        if path.is_empty() {
            return Err(LocationError::Url("sqlite: names no file".to_owned()));
        }
        Ok(Self::File(path.into()))
    }
}

impl Location {
    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Self::File(path) => Connection::open_with_flags(path, flags)?,
            Self::Memory(name) => {
                Connection::open_with_flags(format!("file:{name}?mode=memory&cache=shared"), flags)?
            }
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        // A prepared statement stays prepared: without this, some are planned anew for every value bound to them.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // The model can be rebuilt, so a commit need not reach the disk at once; WAL keeps it consistent whatever happens.
        connection.execute_batch(
            "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;",
        )?;
        if matches!(self, Self::File(_)) {
            connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA mmap_size = 33554432; PRAGMA wal_autocheckpoint = 4000;")?;
        } else {
            // Connections to one memory database share a cache; a reader must not wait for the writer's table locks.
            connection.execute_batch("PRAGMA read_uncommitted = 1;")?;
        }
        Ok(connection)
    }

    /// Deletes the database's files.
    pub fn remove(&self) {
        if let Self::File(path) = self {
            for suffix in ["", "-wal", "-shm"] {
                let _was_not_there = std::fs::remove_file(with_suffix(path, suffix));
            }
        }
    }
}

/// A row of a table as a line of a dump; engines other than SQLite write the same.
#[must_use]
pub fn line(table: &str, values: &[ValueRef<'_>]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("{table}: {}", values.join(", "))
}

/// Opens a database that may be thrown away at any time and has no checkpoint.
pub fn open_disposable(location: &Location) -> rusqlite::Result<Connection> {
    let connection = if let Ok(connection) = location.connect() {
        connection
    } else {
        location.remove();
        location.connect()?
    };
    private(location);
    Ok(connection)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn open_current(location: &Location, schema: Schema) -> rusqlite::Result<Connection> {
    let mut connection = location.connect()?;
    private(location);
    let number: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if number != schema.number {
        let transaction = connection.transaction()?;
        drop_tables(&transaction)?;
        create_tables(&transaction, schema)?;
        transaction.commit()?;
    }
    checkpoint(&connection)?;
    Ok(connection)
}

/// Files hold personal data: for their owner only.
fn private(location: &Location) {
    use std::os::unix::fs::PermissionsExt;
    if let Location::File(path) = location {
        for suffix in ["", "-wal", "-shm"] {
            let _not_there = std::fs::set_permissions(
                with_suffix(path, suffix),
                std::fs::Permissions::from_mode(0o600),
            );
        }
    }
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<Position> {
    let mut query = connection.prepare_cached("SELECT position FROM checkpoint")?;
    let position = query.query_row([], |row| row.get(0)).optional()?;
    Ok(Position(position.unwrap_or(0)))
}

/// The tables with rows of ours: an index kept in a virtual table follows from them, and lays out its own as it likes.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    named(
        connection,
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
}

fn named(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// A virtual table takes its own tables along.
fn drop_tables(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'";
    let virtual_tables = named(connection, sql)?;
    for table in virtual_tables.into_iter().chain(tables(connection)?) {
        connection.execute_batch(&format!("DROP TABLE \"{table}\""))?;
    }
    Ok(())
}

fn create_tables(connection: &Connection, schema: Schema) -> rusqlite::Result<()> {
    connection.execute_batch(schema.create)?;
    connection.execute_batch(
        "CREATE TABLE checkpoint (position INTEGER NOT NULL); INSERT INTO checkpoint VALUES (0);",
    )?;
    connection.pragma_update(None, "user_version", schema.number)
}
