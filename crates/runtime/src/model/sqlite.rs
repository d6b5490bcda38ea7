//! SQLite as the engine of embedded read models: one writer, readers beside it, the checkpoint in every transaction.
//!
//! ```text
//!  whole ── a read or write finds damage ──▶ damaged ── recover ──▶ whole, empty: the projector fills it from the log
//! ```

mod aside;
mod beside;
mod compare;
mod content;
mod disposable;
mod embedded;
mod files;
mod generation;
mod generations;
mod held;
mod indexes;
mod location;
mod mark;
mod noted;
mod record;
mod strange;
mod tables;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, RwLock, RwLockReadGuard, TryLockError},
};

use kernel::{Position, sync};
use rusqlite::{Connection, ErrorCode, Transaction, types::ValueRef};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{ModelError, SetAside};

pub use disposable::Disposable;
pub use embedded::Embedded;
pub use generation::Tables;
pub use held::{Held, hold};
pub use mark::{checkpoint_in, is_replaceable};
pub use noted::{RowChange, Values};
pub use record::{beside, serving_in};
use strange::Strange;

/// Reading connections kept open; as many reads run at once as there are cores, a few more wait their turn anyway.
const READERS_MAX: usize = 8;

/// Where a database lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// A file, which is made if it is missing.
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
    /// Older numbers of the schema that serve as well.
    serves: Vec<u32>,
    /// SQL that creates the indexes that it has besides those of the schema.
    indexes: OnceLock<&'static str>,
    /// Read-locked while a connection is used, and write-locked to replace the database: a connection that is still open to a file that was
    /// set aside would remove the log of the new one when it closes.
    gate: RwLock<()>,
    /// None while it cannot be opened again.
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
    damaged: watch::Sender<bool>,
    strange: Mutex<Strange>,
}

/// The tables of a read model. Another number means that an older database is emptied and rebuilt from the log.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Whose model it is, such as `order`: files carry a mark derived from it, and no file without that mark is ever emptied.
    pub model: &'static str,
    /// The tables, sorted by name, of the files that were written before there were marks.
    pub unmarked: &'static [&'static str],
    /// The number of the tables' shape: one model with a higher number is of a newer version, and left alone.
    pub number: u32,
    /// What the rows depend on besides the log, such as a time zone, as a hash of 24 bits; 0 if nothing.
    pub variant: u32,
    /// SQL that creates all tables and indexes.
    pub create: &'static str,
}

impl Database {
    /// Opens a database and makes its tables. One of an older schema is emptied first, a damaged one set aside as `FILE.damaged`;
    /// both only if they carry this model's mark, or, if damage has taken it, the note beside the file says that it is this model's. Any
    /// other error leaves everything as it is.
    pub fn open(location: Location, schema: Schema) -> Result<Self, ModelError> {
        Self::open_serving(location, schema, Vec::new())
    }

    /// The same, but a database whose schema has one of these older numbers stays as it is.
    pub(crate) fn open_serving(
        location: Location,
        schema: Schema,
        serves: Vec<u32>,
    ) -> Result<Self, ModelError> {
        let writer = tables::open_or_replace(&location, schema, &serves)?;
        Ok(Self(Arc::new(Inner {
            location,
            schema,
            serves,
            indexes: OnceLock::new(),
            gate: RwLock::default(),
            writer: Mutex::new(Some(writer)),
            readers: Mutex::default(),
            damaged: watch::Sender::new(false),
            strange: Mutex::default(),
        })))
    }

    /// The position up to which everything is in the database.
    pub fn checkpoint(&self) -> Result<Position, ModelError> {
        self.write(|writer| Ok(tables::checkpoint(writer)?))
    }

    /// Makes a change and moves the checkpoint, together or not at all.
    pub fn apply(
        &self,
        from: Position,
        to: Position,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), ModelError> {
        self.write(|writer| {
            let transaction = writer.transaction()?;
            let moved = transaction
                .prepare_cached("UPDATE checkpoint SET position = ?1 WHERE position = ?2")?
                .execute([to.0, from.0])?;
            if moved == 0 {
                return Err(ModelError::Stale);
            }
            change(&transaction).map_err(unfit)?;
            Ok(transaction.commit()?)
        })
    }

    /// The event that begins the log which the model is built from; see [`crate::ReadModel::built_from`].
    pub fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.write(|writer| {
            let transaction = writer.transaction()?;
            let noted = tables::built_from(&transaction, first)?;
            transaction.commit()?;
            Ok(noted)
        })
    }

    /// Reads the file once from end to end; [`ModelError::Damaged`], also for callers of [`Database::damaged`], if it is not intact.
    pub fn look_through(&self) -> Result<(), ModelError> {
        let whole =
            self.read(|connection| Ok(tables::whole(connection, &self.0.location, self.0.schema)));
        self.noticed(whole?)
    }

    /// Whether it is a file, which can be damaged.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.0.location, Location::File(_))
    }

    /// Reads; blocks only as long as the query takes.
    pub fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ModelError> {
        let _in_use = self.gate()?;
        let pooled = sync::lock(&self.0.readers).pop();
        let result = pooled.map_or_else(|| self.0.location.connect(), Ok).and_then(|reader| {
            let result = query(&reader);
            let mut readers = sync::lock(&self.0.readers);
            if readers.len() < READERS_MAX {
                readers.push(reader);
            }
            result
        });
        self.noticed(result.map_err(ModelError::from))
    }

    /// The shape of the tables that it has: not that of the schema if it is an older one that serves.
    pub(crate) fn shape(&self) -> Result<u32, ModelError> {
        self.read(mark::shape)
    }

    /// One more connection, of which only its holder knows.
    pub(crate) fn connect(&self) -> Result<Connection, ModelError> {
        Ok(self.0.location.connect()?)
    }

    /// Empties all tables and sets the checkpoint to the start.
    pub fn reset(&self) -> Result<(), ModelError> {
        self.write(|writer| {
            let transaction = writer.transaction()?;
            tables::drop_all(&transaction)?;
            tables::create(&transaction, self.0.schema)?;
            self.index_again(&transaction)?;
            Ok(transaction.commit()?)
        })
    }

    /// All rows of all tables as text, in a fixed order: what a rebuilt model is compared by.
    pub fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.dump_at().map(|(_, lines)| lines)
    }

    /// The same, and the position that it is of.
    pub(crate) fn dump_at(&self) -> Result<(Position, Vec<String>), ModelError> {
        self.read(|connection| {
            // One snapshot of all tables, whatever is written meanwhile.
            let connection = connection.unchecked_transaction()?;
            let mut lines = Vec::new();
            for table in content::compared(&connection)? {
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
            Ok((tables::checkpoint(&connection)?, lines))
        })
    }

    /// From now on, notes which rows change, for [`Database::noted`]. The notes stay in memory until they are taken: use it on a database that
    /// is there to be examined.
    pub fn note_changes(&self) -> Result<(), ModelError> {
        self.write(|writer| Ok(noted::begin(writer)?))
    }

    /// The rows that changed since the last call, each with what was in it before.
    pub fn noted(&self) -> Result<Vec<RowChange>, ModelError> {
        self.write(|writer| {
            let transaction = writer.transaction()?;
            let changes = noted::take(&transaction)?;
            transaction.commit()?;
            Ok(changes)
        })
    }

    /// Returns once a read or a write has found the database damaged.
    pub async fn damaged(&self) {
        let mut damaged = self.0.damaged.subscribe();
        let _sender_is_here = damaged.wait_for(|damaged| *damaged).await;
    }

    /// Sets a database that turned out damaged aside as `FILE.damaged`, and opens a new one in its place. Waits for its users.
    pub fn recover(&self) -> Result<(), ModelError> {
        if !*self.0.damaged.borrow() {
            return Ok(());
        }
        let _alone = sync::write(&self.0.gate);
        let mut writer = sync::lock(&self.0.writer);
        sync::lock(&self.0.readers).clear();
        if let Some(damaged) = writer.take() {
            drop(damaged);
            tracing::error!(location = %self.0.location, "the read model is damaged; renamed it to .damaged, rebuilding it from the log");
            mark::move_aside(&self.0.location, self.0.schema)?;
        }
        let opened = tables::open_or_replace(&self.0.location, self.0.schema, &self.0.serves)?;
        self.index_again(&opened)?;
        *writer = Some(opened);
        self.0.damaged.send_replace(false);
        Ok(())
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let _in_use = self.gate()?;
        let mut writer = sync::lock(&self.0.writer);
        let writer = writer.as_mut().ok_or_else(replacing)?;
        self.noticed(work(writer))
    }

    /// The right to use a connection; refused while the database is being replaced.
    fn gate(&self) -> Result<RwLockReadGuard<'_, ()>, ModelError> {
        match self.0.gate.try_read() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(guard)) => Ok(guard.into_inner()),
            Err(TryLockError::WouldBlock) => Err(replacing()),
        }
    }

    fn noticed<T>(&self, result: Result<T, ModelError>) -> Result<T, ModelError> {
        let result = result.map_err(|error| match error {
            // SQLite treats an emptied file as a new one, and waits for users of the old one.
            ModelError::Sqlite(error) if mark::is_emptied(&self.0.location) => {
                ModelError::Damaged(error)
            }
            error => error,
        });
        if let Err(ModelError::Damaged(error)) = &result {
            let is_news = |damaged: &mut bool| !std::mem::replace(damaged, true);
            if self.0.damaged.send_if_modified(is_news) {
                tracing::error!(%error, location = %self.0.location, "the read model is damaged");
            }
        }
        result
    }
}

fn replacing() -> ModelError {
    mark::damaged("a new one is being put in its place".to_owned())
}

/// What an error over a change means: that the change contradicts the rows or its values do not fit into them, or that the database fails.
fn unfit(error: rusqlite::Error) -> ModelError {
    let is_unfit = match &error {
        rusqlite::Error::ToSqlConversionFailure(_) | rusqlite::Error::StatementChangedRows(_) => {
            true
        }
        error => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
        ),
    };
    if is_unfit { ModelError::Unfit(error.to_string()) } else { error.into() }
}

/// A row of a table as a line of a dump; engines other than SQLite write the same.
#[must_use]
pub fn line(table: &str, values: &[ValueRef<'_>]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("{table}: {}", values.join(", "))
}

/// An entry of an inbox as a line of a dump, the same for every engine.
#[must_use]
pub fn aside_line(entry: &SetAside) -> String {
    let number = |number: u64| ValueRef::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let SetAside { position, stream, version, reason } = entry;
    let texts = [stream.as_str(), reason].map(|text| ValueRef::Text(text.as_bytes()));
    let [stream, reason] = texts;
    line("aside", &[number(position.0), stream, number(version.0), reason])
}
