//! Where a database lives, and how connections to it are made.

use std::{fmt, str::FromStr};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::Location;
use crate::LocationError;

/// Prepared statements kept by each connection.
const STATEMENTS_MAX: usize = 64;

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
    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = self.open()?;
        self.configure(&connection)?;
        Ok(connection)
    }

    /// A connection that has not touched the file yet; one that is not there is made, for its owner only.
    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
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

    pub(super) fn configure(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        // A prepared statement stays prepared: without this, some are planned again for every value bound to them.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // The model can be rebuilt, so a commit need not reach the disk at once; WAL keeps it consistent whatever happens.
        connection.execute_batch(
            "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;",
        )?;
        if matches!(self, Self::File(_)) {
            // Not mapped into memory: touching what a truncated file no longer holds would kill the process.
            connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 8000;")?;
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
