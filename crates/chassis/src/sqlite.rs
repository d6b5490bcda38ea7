//! SQLite as the engine of embedded read models: one writer, readers beside it, the checkpoint in every transaction.

mod mark;

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use kernel::Position;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Transaction, config::DbConfig, types::ValueRef,
};

use crate::{LocationError, ModelError};
pub use mark::checkpoint_in;

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

/// The tables of a read model. Another number means that an older database is emptied and rebuilt from the log.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Whose model it is, such as `order`: files carry a mark derived from it, and no file without that mark is ever emptied.
    pub model: &'static str,
    /// The tables, sorted by name, of the files that were written before there were marks.
    pub unmarked: &'static [&'static str],
    pub number: u32,
    /// SQL that creates all tables and indexes.
    pub create: &'static str,
}

impl Database {
    /// Opens a database and makes its tables. One of another schema is emptied first, a damaged one set aside as `FILE.damaged`;
    /// both only if they carry this model's mark. Any other error leaves everything as it is.
    pub fn open(location: Location, schema: Schema) -> Result<Self, ModelError> {
        let writer = match open_current(&location, schema) {
            Err(ModelError::Sqlite(error)) if mark::is_damage(&error) => {
                mark::set_aside(&location, schema)?;
                tracing::warn!(%error, %location, "the read model is damaged; set it aside as .damaged and rebuilding it from the log");
                open_current(&location, schema)
            }
            opened => opened,
        };
        let writer = writer.map_err(|error| explained(error, &location))?;
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
    /// A connection, ready for use.
    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = self.open()?;
        self.configure(&connection)?;
        Ok(connection)
    }

    /// A connection that has not touched the file yet; one that is not there is made, for its owner only.
    fn open(&self) -> rusqlite::Result<Connection> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self {
            Self::File(path) => {
                let mut private = std::fs::OpenOptions::new();
                let private =
                    private.write(true).create(true).truncate(false).mode(0o600).open(path);
                // If that failed, so does what follows, and SQLite says why.
                drop(private);
                Connection::open_with_flags(path, flags)
            }
            Self::Memory(name) => {
                Connection::open_with_flags(format!("file:{name}?mode=memory&cache=shared"), flags)
            }
        }
    }

    fn configure(&self, connection: &Connection) -> rusqlite::Result<()> {
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
        Ok(())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Memory(name) => write!(f, "the database {name} in memory"),
        }
    }
}

/// A row of a table as a line of a dump; engines other than SQLite write the same.
#[must_use]
pub fn line(table: &str, values: &[ValueRef<'_>]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("{table}: {}", values.join(", "))
}

/// A connection that does nothing but keep a database in memory alive.
pub fn hold(location: &Location) -> rusqlite::Result<Connection> {
    location.connect()
}

/// Opens a database that may be thrown away at any time and has no checkpoint: one table, `snapshot`.
pub fn open_disposable(location: &Location) -> Result<Connection, ModelError> {
    let schema = Schema { model: "snapshots", unmarked: &["snapshot"], number: 1, create: "" };
    let open = || {
        let connection = location.open()?;
        mark::owner(&connection, location, schema)?;
        location.configure(&connection)?;
        connection.pragma_update(None, "application_id", schema.mark())?;
        Ok(connection)
    };
    let connection = match open() {
        Err(ModelError::Sqlite(error)) if mark::is_damage(&error) => {
            mark::set_aside(location, schema)?;
            open()
        }
        opened => opened,
    };
    let connection = connection.map_err(|error| explained(error, location))?;
    private(location);
    Ok(connection)
}

/// An error of the system with the file it is about, and what to do.
fn explained(error: ModelError, location: &Location) -> ModelError {
    match error {
        ModelError::Sqlite(error) => ModelError::Refused(format!(
            "{location} cannot be opened ({error}); nothing was changed. Check the disk's free space, the file's owner and rights, and that \
             no other process has it open, then start again"
        )),
        other => other,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn open_current(location: &Location, schema: Schema) -> Result<Connection, ModelError> {
    let mut connection = location.open()?;
    // Before anything is written: it may belong to another program.
    let owner = mark::owner(&connection, location, schema)?;
    location.configure(&connection)?;
    private(location);
    if owner == mark::Owner::Ours(schema.number) {
        connection.pragma_update(None, "application_id", schema.mark())?;
    } else {
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
    connection.pragma_update(None, "application_id", schema.mark())?;
    connection.pragma_update(None, "user_version", schema.number)
}
