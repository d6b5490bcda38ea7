//! The entries of a model's inbox, in a table of its database.

use kernel::{Position, StreamId, Version};
use rusqlite::{Row, Transaction, params, types::Type};

use super::Database;
use crate::{ModelError, SetAside, model::TakenUp};

/// Files of before this table are as good as those with it.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS aside (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, reason TEXT NOT NULL)";

impl Database {
    /// Notes an event that cannot be taken, and moves the checkpoint past it.
    pub fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        let from = Position(event.position.0.saturating_sub(1));
        self.apply(from, event.position, |transaction| insert(transaction, event))
    }

    /// Takes up what an entry made wait, by `change`; see [`crate::ReadModel::take_up`].
    pub fn take_up<C>(
        &self,
        from: Position,
        up: &TakenUp<'_, C>,
        to: Position,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), ModelError> {
        self.apply(from, to, |transaction| {
            let mut delete = transaction.prepare_cached("DELETE FROM aside WHERE position = ?1")?;
            delete.execute([up.entry.position.0])?;
            up.again.map_or(Ok(()), |again| insert(transaction, again))?;
            change(transaction)
        })
    }

    /// The events that are set aside, in order.
    pub fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.read(|connection| {
            let sql = "SELECT position, stream, version, reason FROM aside ORDER BY position";
            connection.prepare_cached(sql)?.query_map([], entry)?.collect()
        })
    }
}

fn insert(transaction: &Transaction<'_>, event: &SetAside) -> rusqlite::Result<()> {
    let SetAside { position, stream, version, reason } = event;
    let mut insert = transaction.prepare_cached("INSERT INTO aside VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![position.0, stream.as_str(), version.0, reason]).map(drop)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<SetAside> {
    let stream: String = row.get(1)?;
    let stream = StreamId::parse(&stream).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error))
    })?;
    Ok(SetAside {
        position: Position(row.get(0)?),
        stream,
        version: Version(row.get(2)?),
        reason: row.get(3)?,
    })
}
